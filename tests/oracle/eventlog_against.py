#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the eventlog collector says, against what the same runs left beside their logs, and against ghc-events.

usage: eventlog_against.py RECORD DIR [COUNTS]        DIR: NAME.eventlog with NAME.S (from +RTS -S) or NAME.hp beside it;
COUNTS: EventCounts, compiled
"""
import collections
import pathlib
import re
import subprocess
import sys

import eventlog_meaning as meaning
from eventlog import DAMAGED

OLD_TAGS = {5: 38, 6: 39}  # sparks in 6.12; the library calls them as today
LABEL_MAX = 24  # bytes of a label that is not cut by default


def check_statistics(path, said):
    """-S has a line a collection, and -s at its end the sums."""
    report = path.with_suffix(".S").read_text()
    rows = re.findall(r"^ *(\d+) +(\d+) +(\d+) +([\d.]+) +([\d.]+) .*\(Gen: +(\d+)\)$", report, re.M)
    pauses = sorted((s["t_ns"], s["dur_ns"], s["attrs"]["generation"]) for s in said.by["ghc.gc.pause"])
    meaning.same(path, "generations", [p[2] for p in pauses], [r[5] for r in rows])
    meaning.same(path, "bytes copied", sum(said.last("ghc.gc.copied", "capability", "generation").values()),
                 sum(int(r[1]) for r in rows))
    worst = max(abs(p[1] / 1e9 - float(r[4])) for p, r in zip(pauses, rows))
    assert worst < 0.002, f"{path}: a pause differs by {worst} s from what -S says"
    total = re.search(r"([\d,]+) bytes allocated in the heap", report)
    if total:
        meaning.same(path, "bytes allocated", sum(said.last("ghc.heap.allocated", "capability").values()),
                     int(total[1].replace(",", "")))
    most = re.search(r"([\d,]+) bytes maximum residency", report)
    if most:
        meaning.same(path, "most live", max(n["value"] for n in said.by["ghc.heap.live"]), int(most[1].replace(",", "")))
    return len(rows)


def samples_of_profile(path):
    out = []
    for sample in re.findall(rb"BEGIN_SAMPLE -?[\d.]+\n(.*?)END_SAMPLE", path.read_bytes(), re.S):
        bands = collections.Counter()
        for label, value in re.findall(rb"(.*?)\t(\d+)\n", sample, re.S):
            label = re.sub(r"^\(\d+\)", "", label.decode("utf-8", "surrogateescape"))
            bands[re.sub(r"[\w.']*\.CAF", "CAF", label)] += int(value)
        if bands:
            out.append(dict(bands))
    return out


def spelled(weight):
    stack = weight["stack"]
    if weight["attrs"].get("breakdown") == "cost-centre":
        return "/".join(reversed(stack[1:])) or "MAIN"
    if weight["attrs"].get("breakdown") == "retainer":
        return ",".join(stack)
    return stack[0]


def check_heap_profile(path, said):
    samples = collections.defaultdict(collections.Counter)
    for weight in said.by["ghc.heap.residency"]:
        samples[weight["t_ns"]][spelled(weight)] += weight["self"]
    ours = [dict(samples[t]) for t in sorted(samples)]
    theirs = samples_of_profile(path.with_suffix(".hp"))
    for bands in ours + theirs:
        bands.pop("MANY", None)  # the runtime leaves it out of its log
    ours, theirs = [b for b in ours if b], [b for b in theirs if b]
    meaning.same(path, "bytes of samples", [sum(b.values()) for b in ours], [sum(b.values()) for b in theirs])
    for mine, other in zip(ours, theirs):
        # Labels of stacks are cut in the profile (-L), and then stand for several; addresses have names in the log.
        whole = {k for k in other if len(k.encode()) < LABEL_MAX and not k.startswith("0x")}
        meaning.same(path, "bands", {k: v for k, v in mine.items() if k in whole}, {k: other[k] for k in whole})
    return len(theirs)


def library(counts, option, paths):
    lines = subprocess.run([counts, *option, *paths], capture_output=True, check=True).stdout.decode().splitlines()
    for line in lines:
        path, *cells = line.split("\t")
        if cells:
            yield pathlib.Path(path), {int(k): int(v) for k, v in (c.split("=") for c in cells)}


def check_library(counts, paths):
    n = 0
    for path, theirs in library(counts, [], paths):
        ours = collections.Counter(OLD_TAGS.get(e.tag, e.tag) for e in meaning.read(path.read_bytes()))
        ours.pop(18, None)  # the library keeps the blocks to itself
        meaning.same(path, "records by type", dict(ours), {k: v for k, v in theirs.items() if v})
        n += 1
    for path, theirs in library(counts, ["--threads"], paths):
        said = meaning.Said(path)
        other = 0
        for line in said.by["ghc.thread.time"]:
            if line["attrs"]["state"] != "running":
                continue
            if line["attrs"]["thread"] == "other":
                other += line["value"]
                continue
            meaning.same(path, "thread " + line["attrs"]["thread"], line["value"], theirs.pop(int(line["attrs"]["thread"])))
        meaning.same(path, "other threads", other, sum(theirs.values()))
    return n


def main():
    root = pathlib.Path(sys.argv[2])
    done = collections.Counter()
    paths = [p for p in sorted(root.rglob("*.eventlog")) if p.name not in DAMAGED and p.stat().st_size > 8]
    for path in paths:
        if path.with_suffix(".S").exists():
            done["collections"] += check_statistics(path, meaning.Said(path))
        if path.with_suffix(".hp").exists() and any(e.tag in (163, 164) for e in meaning.read(path.read_bytes())):
            done["heap samples"] += check_heap_profile(path, meaning.Said(path))
    if len(sys.argv) > 3:
        done["logs that ghc-events can read"] += check_library(sys.argv[3], paths)
    print(", ".join(f"{n} {what}" for what, n in done.items()) + " agree")
    return 0 if done else 1


if __name__ == "__main__":
    if not pathlib.Path(sys.argv[2]).is_dir():
        print(f"skipped: {sys.argv[2]} is not here")
        sys.exit(77)
    sys.exit(main())
