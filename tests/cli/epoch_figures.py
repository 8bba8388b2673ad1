#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every figure of `weir epoch` of the sample run, once more from the views: epoch_figures.py WEIR SAMPLE_RUN"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

weir, sample = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
work = tempfile.TemporaryDirectory()
os.chdir(work.name)
subprocess.run([weir, "ingest", "-q", sample, "-o", "s.weir"], check=True)
n_compared = 0


def ask(sql):
    p = subprocess.run([weir, "sql", "--json", "s.weir", sql], capture_output=True, text=True, check=True)
    return json.loads(p.stdout)


def same(what, said, found):
    global n_compared
    n_compared += 1
    if said is None and found is None:
        return
    assert said is not None and found is not None and abs(said - found) <= 1e-6 * max(abs(said), abs(found), 1e-6), (what, said, found)


def overlaps(pauses, begin, end):
    return [min(p["t_ns"] + p["dur_ns"], end) - max(p["t_ns"], begin) for p in pauses
            if p["t_ns"] < end and p["t_ns"] + p["dur_ns"] > begin]


def spans(node, metric, collector="node-trace"):
    return ask(f"select t_ns, dur_ns, value from spans where node = '{node}' and metric = '{metric}' and collector = '{collector}'"
               " order by t_ns")


class Place:
    """Where a boundary's window lies, and what is outside of all windows in the two epochs."""

    def __init__(self, b, boundaries):
        self.begin, self.end, self.at = b["from_ns"], b["to_ns"], b["t_ns"]
        self.bounds = [s["t_ns"] for s in spans(b["node"], "cardano.epoch.boundary")]
        i = self.bounds.index(self.at)
        self.first = self.bounds[i - 1]
        self.last = self.bounds[i + 1] if i + 1 < len(self.bounds) else 1 << 62
        self.shown = [x["t_ns"] for x in boundaries if x["node"] == b["node"]]

    def is_in(self, t):
        return self.begin <= t < self.end

    def is_beside(self, t, bounds):
        return self.first <= t < self.last and not any(self.begin - self.at <= t - b < self.end - self.at for b in bounds)

    def is_elsewhere(self, t):
        """A node that starts at a boundary is no measure; where the log ends at one, it is not known to be one yet."""
        return self.is_beside(t, [b for b in self.bounds if b <= max(self.shown)])

    def is_missed_elsewhere(self, t):
        return self.is_beside(t, self.shown)


def check_phases(b, place):
    for phase in b["phases"]:
        lengths = [(s["t_ns"], s["dur_ns"] / 1e9) for s in spans(b["node"], "cardano.forge." + phase["phase"])]
        inside = [d for t, d in lengths if place.is_in(t)]
        elsewhere = [d for t, d in lengths if place.is_elsewhere(t)]
        same(phase, phase["n_window"], len(inside))
        same(phase, phase["n_base"], len(elsewhere))
        same(phase, phase["window_s"], statistics.median(inside) if inside else None)
        same(phase, phase["base_s"], statistics.median(elsewhere) if elsewhere else None)
        same(phase, phase["worst_s"], max(inside, default=None))


def check_slots(b, place, slot_ns):
    missed = [s["t_ns"] + k * slot_ns for s in spans(b["node"], "cardano.slot.missed") for k in range(int(s["value"]))]
    same("missed", b["missed"]["window"], sum(map(place.is_in, missed)))
    same("missed elsewhere", b["missed"]["base"], sum(map(place.is_missed_elsewhere, missed)))
    same("missed, listed", b["missed"]["window"], sum(run["slots"] for run in b["missed"]["runs"]))
    epoch_ns = 40 * slot_ns
    pauses = spans(b["node"], "ghc.gc.pause", "ghc-eventlog")
    phases = [s for phase in b["phases"] for s in spans(b["node"], "cardano.forge." + phase["phase"])]
    for k, tenth in enumerate(b["tenths"]):
        begin, end = place.at + epoch_ns * k // 10, place.at + epoch_ns * (k + 1) // 10
        if tenth["missed"] is not None:
            same(f"tenth {k}", tenth["missed"], sum(begin <= t < end for t in missed))
        if tenth["missed"] is not None and b["gc"]["from"] == "eventlog":
            same(f"tenth {k}, collecting", tenth["gc_share"], sum(overlaps(pauses, begin, end)) / (end - begin))
        loop = [p["dur_ns"] for p in phases if p["t_ns"] < end and p["t_ns"] + p["dur_ns"] >= begin]
        if tenth["missed"] is not None:
            same(f"tenth {k}, worst", tenth["worst_phase_s"], max(loop) / 1e9 if loop else None)
    if b["gc"]["from"] != "eventlog":
        return
    inside = overlaps(pauses, place.begin, place.end)
    same("pauses", b["gc"]["pauses"], len(inside))
    same("pauses, total", b["gc"]["pause_total_s"], sum(inside) / 1e9)
    same("first slot", b["gc"]["boundary_slot_pause_s"], sum(overlaps(pauses, place.at, place.at + slot_ns)) / 1e9)
    same("missed slots", b["gc"]["missed_slots_pause_s"],
         sum(sum(overlaps(pauses, t, t + slot_ns)) for t in missed if place.is_in(t)) / 1e9 if any(map(place.is_in, missed)) else None)


def check_amounts(b, place):
    amounts = {"CPU": ("process.cpu.time", "state", "total", 1e9), "disk, read": ("process.disk.io", "direction", "read", 1024),
               "disk, written": ("process.disk.io", "direction", "write", 1024)}
    for gauge in b["gauges"]:
        if gauge["name"] not in amounts:
            continue
        metric, key, value, factor = amounts[gauge["name"]]
        read = ask(f"select t_ns, value from numbers where node = '{b['node']}' and metric = '{metric}' and attrs ->> '$.{key}' = '{value}'"
                   f" and collector = '{gauge['collector']}' order by t_ns")
        pairs = [(x, y) for x, y in zip(read, read[1:])]
        for name, is_of in (("window", place.is_in), ("base", place.is_elsewhere)):
            mine = [(x, y) for x, y in pairs if is_of((x["t_ns"] + y["t_ns"]) // 2)]
            seconds = sum(y["t_ns"] - x["t_ns"] for x, y in mine) / 1e9
            same(gauge, gauge[name], sum(y["value"] - x["value"] for x, y in mine) / factor / seconds)


slot = int(ask("select value from facts where name = 'genesis.slot_length_ns'")[0]["value"])
for window in ("-5,+20", "-3,+4", "-1,+9"):
    said = subprocess.run([weir, "epoch", "--json", "--window", window, "s.weir"], capture_output=True, text=True, check=True)
    boundaries = json.loads(said.stdout)["boundaries"]
    assert len(boundaries) == 4, len(boundaries)
    for boundary in boundaries:
        where = Place(boundary, boundaries)
        check_phases(boundary, where)
        check_slots(boundary, where, slot)
        check_amounts(boundary, where)
print(f"{n_compared} figures compared")
assert n_compared > 700
