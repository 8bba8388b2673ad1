#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reading of eventlogs: type, time and capability of every record of every intact log, and how many there are of
each type, against ours and against what the corpus' list says that two other programs found.

usage: eventlog.py DUMP DIR        DUMP: the program that prints our reading; DIR: a folder with MANIFEST.tsv
"""
import csv
import pathlib
import struct
import subprocess
import sys

DAMAGED = {"ev-corrupt-proftick.eventlog", "ev-flush-nonthreaded.eventlog"}
INFO_TABLE = 169


def declared(data):
    at, sizes = 8, {}
    while data[at:at + 4] != b"hete":
        tag, size, n_text = struct.unpack_from(">HHI", data, at + 4)
        (n_extra,) = struct.unpack_from(">I", data, at + 12 + n_text)
        sizes[tag] = size
        at += 12 + n_text + 4 + n_extra + 4
    return sizes, at + 12


def end_of_names(data, at):
    at += 8
    for _ in range(6):
        at = data.index(0, at) + 1
    return at


def reading(data):
    """Lines as ours up to the third tab."""
    if not data:
        return []
    sizes, at = declared(data)
    capability, out = 0xFFFF, []
    while len(data) - at >= 10:
        tag, time = struct.unpack_from(">HQ", data, at)
        if tag == 0xFFFF:
            break
        end = at + 10 + sizes[tag]
        if sizes[tag] == 0xFFFF and at + 12 <= len(data):
            end = at + 12 + struct.unpack_from(">H", data, at + 10)[0]
            end = end_of_names(data, at + 12) if tag == INFO_TABLE else end
        if end > len(data):
            break
        if tag == 18:
            capability = struct.unpack_from(">H", data, at + 22)[0]
        out.append(f"{time}\t{capability}\t{tag}")
        at = end
    return out


def expected_counts(root):
    with open(root / "MANIFEST.tsv", newline="") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE) if r["kind"] == "eventlog"]
    return {root / r["file"]: max(int(r["events_ghc_events_head"] or 0), int(r["events_scanner"] or 0)) for r in rows}


def main():
    dump, root = sys.argv[1], pathlib.Path(sys.argv[2])
    n_records = 0
    counts = expected_counts(root)
    for path, n in counts.items():
        if path.name in DAMAGED:
            continue
        said = subprocess.run([dump, "eventlog", path], capture_output=True, check=True).stdout.decode().splitlines()
        if any(line.startswith(("gap", "BAD")) and "eventlog.cut" not in line for line in said):
            sys.exit(f"{path}: damage in an intact log")
        ours = ["\t".join(line.split("\t", 3)[:3]) for line in said if line[0].isdigit()]
        theirs = reading(path.read_bytes())
        for i, (a, b) in enumerate(zip(ours, theirs)):
            if a != b:
                sys.exit(f"{path}: record {i}: ours {a!r}, the other {b!r}")
        if not len(ours) == len(theirs) == n:
            sys.exit(f"{path}: {len(ours)} records, the other reading {len(theirs)}, the list {n}")
        n_records += n
    print(f"{len(counts) - len(DAMAGED)} logs, {n_records} records: the readings agree")
    return 0 if n_records else 1


if __name__ == "__main__":
    if not pathlib.Path(sys.argv[2]).is_dir():
        print(f"skipped: {sys.argv[2]} is not here")
        sys.exit(77)
    sys.exit(main())
