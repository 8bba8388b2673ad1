#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reading of heap profiles, by regular expressions over the whole text, compared record by record with ours.

usage: hp.py DUMP DIR        DUMP: the program that prints our reading; DIR: a folder with .hp files
"""
import pathlib
import re
import subprocess
import sys

NS = 1_000_000_000


def shown(text):
    return "".join(chr(c) if 0x20 <= c <= 0x7E and c != 0x5C else f"\\x{c:02x}" for c in text)


def ns(seconds):
    whole, _, fraction = seconds.decode().partition(".")
    return int(whole) * NS + int((fraction + "0" * 9)[:9])


def reading(data):
    header = re.match(rb'JOB "(.*?)"\nDATE "(.*?)"\nSAMPLE_UNIT "(.*?)"\nVALUE_UNIT "(.*?)"\n', data, re.S)
    if not header:
        return ["END"]
    out = [f"{k}\t{shown(v)}" for k, v in zip(("JOB", "DATE", "SAMPLE_UNIT", "VALUE_UNIT"), header.groups())]
    at = header.end()
    for sample in re.finditer(rb"BEGIN_SAMPLE ([\d.]+)\n(.*?)END_SAMPLE ([\d.]+)\n", data[at:], re.S):
        out.append(f"BEGIN\t{ns(sample[1])}")
        bands = re.findall(rb"(.*?)\t(\d+)\n", sample[2], re.S)
        assert sum(len(label) + len(value) + 2 for label, value in bands) == len(sample[2])
        out += [f"BAND\t{shown(label)}\t{int(value)}" for label, value in bands]
        out.append(f"END\t{ns(sample[3])}")
        end = at + sample.end()
    assert end == len(data), "bytes behind the last sample"
    return out + ["END"]


def main():
    dump, root = sys.argv[1:]
    files = sorted(pathlib.Path(root).rglob("*.hp"))
    n_bands = 0
    for path in files:
        ours = subprocess.run([dump, "hp", path], capture_output=True, check=True).stdout.decode().splitlines()
        theirs = reading(path.read_bytes())
        n_bands += sum(line.startswith("BAND") for line in theirs)
        for i, (a, b) in enumerate(zip(ours + [None], theirs + [None])):
            if a != b:
                sys.exit(f"{path}: record {i}: ours {a!r}, the other {b!r}")
    print(f"{len(files)} files, {n_bands} bands: the two readings agree")
    return 0 if n_bands else 1


if not pathlib.Path(sys.argv[2]).is_dir():
    print(f"skipped: {sys.argv[2]} is not here")
    sys.exit(77)
sys.exit(main())
