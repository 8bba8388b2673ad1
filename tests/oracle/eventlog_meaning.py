#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the eventlog collector says of whole logs, against what follows from a second reading of the same logs: everything in
memory, sorted by time, and then the simplest thing that can be done with it.

usage: eventlog_meaning.py RECORD DIR...        RECORD: the program that prints what a collector says
"""
import bisect
import collections
import json
import pathlib
import struct
import subprocess
import sys

from eventlog import DAMAGED, INFO_TABLE, declared, end_of_names

SECOND = 1_000_000_000
STOPS = {1: "heap_overflow", 2: "stack_overflow", 3: "yield", 5: "finished", 19: "migrating"}
STATES = {6: "foreign_call", 7: "mvar", 8: "black_hole", 9: "read", 10: "write", 11: "delay", 12: "stm", 16: "foreign_call",
          17: "foreign_call", 18: "throw_to", 20: "mvar_read", 21: "io"}
BREAKDOWNS = {1: "cost-centre", 2: "module", 3: "closure", 4: "type", 5: "retainer", 6: "biography", 7: "closure-type",
              8: "info-table", 9: "era"}

BLOCKED = {*STATES.values(), "other"}

Event = collections.namedtuple("Event", "time lane tag payload")


def read(data):
    sizes, at = declared(data)
    lane, out = 0xFFFF, []
    while len(data) - at >= 10:
        tag, time = struct.unpack_from(">HQ", data, at)
        if tag == 0xFFFF:
            break
        start, size = at + 10, sizes[tag]
        if size == 0xFFFF:
            if start + 2 > len(data):
                break
            size, start = struct.unpack_from(">H", data, start)[0], start + 2
            size = end_of_names(data, start) - start if tag == INFO_TABLE else size
        if start + size > len(data):
            break
        payload = data[start:start + size]
        if tag == 18:
            lane = struct.unpack_from(">H", payload, 12)[0]
        out.append(Event(time, lane, tag, payload))
        at = start + size
    return out


def u(payload, form, at=0):
    return struct.unpack_from(">" + form, payload, at)


def text(raw):
    return raw.decode("utf-8", "surrogateescape")


class Said:
    """What the collector says, by kind and metric, its times counted from the runtime's start."""

    def __init__(self, path, options=()):
        done = subprocess.run([sys.argv[1], "ghc-eventlog", "process.start_ns=1000000000000000000", *options, path],
                              capture_output=True)
        assert done.returncode == 0, f"{path}: {done.stderr.decode()}"
        self.lines = [json.loads(line) for line in done.stdout.decode("utf-8", "surrogateescape").splitlines()]
        self.end = self.lines[-1]
        self.by = collections.defaultdict(list)
        for line in self.lines:
            for kind in ("number", "histogram", "span", "weight"):
                if kind in line:
                    self.by[line[kind]].append(line)
        self.facts = {line["fact"]: line["value"] for line in self.lines if "fact" in line}

    def last(self, metric, *keys):
        """The last value of each series, by these attributes."""
        out = {}
        for line in self.by[metric]:
            out[tuple(line["attrs"].get(k) for k in keys)] = line["value"]
        return out


def same(path, what, ours, theirs):
    if ours != theirs:
        if isinstance(ours, dict) and isinstance(theirs, dict):
            keys = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
            ours, theirs = {k: ours.get(k) for k in keys[:5]}, {k: theirs.get(k) for k in keys[:5]}
        elif isinstance(ours, list) and isinstance(theirs, list):
            i = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            ours, theirs = (len(ours), i, ours[i:i + 3]), (len(theirs), i, theirs[i:i + 3])
        sys.exit(f"{path}: {what}: ours {ours!r}, the other {theirs!r}")


# ---- Threads ----

def thread_times(events):
    """Thread -> state -> ns, delays and slices by capability. Wake-ups count where the thread is."""
    ends = {}
    for e in events:
        ends[e.lane] = max(ends.get(e.lane, 0), e.time)
    wanted = {0, 1, 2, 3, 4, 8}
    by_thread = collections.defaultdict(list)
    for e in events:
        if e.tag in wanted and e.lane != 0xFFFF:
            by_thread[u(e.payload, "I")[0]].append(e)
    times = collections.defaultdict(collections.Counter)
    delays, slices = collections.defaultdict(list), collections.defaultdict(list)
    for thread, own in by_thread.items():
        state, since, ready, lane, is_away = None, 0, None, None, False
        for e in sorted(own, key=lambda e: e.time):
            if e.tag == 8 and u(e.payload, "H", 4)[0] != e.lane or e.tag == 3 and state not in BLOCKED:
                continue
            new = state
            if e.tag == 0:
                new, ready = "runnable", e.time
            elif e.tag == 1:
                if state == "runnable" and ready is not None:
                    delays[e.lane].append(e.time - ready)
                new = "running"
            elif e.tag == 2:
                slices[e.lane].append(e.time - since)
                status = u(e.payload, "H", 4)[0]
                new = "finished" if status == 5 else "runnable" if status in STOPS else STATES.get(status, "other")
                ready = e.time
            elif e.tag == 4:
                if state != "runnable":
                    ready = e.time
                new = "runnable"
            elif state not in ("runnable", "running"):
                new = "runnable"
                ready = e.time if state else None
            if state and state != "finished":
                times[thread][state] += e.time - since
            state, since, lane, is_away = new, e.time, e.lane, e.tag == 4
        if state and state != "finished" and not is_away:
            times[thread][state] += max(0, ends[lane] - since)
    return times, delays, slices


def check_threads(path, events, said):
    times, delays, slices = thread_times(events)
    theirs = collections.Counter()
    for thread, states in times.items():
        for state, ns in states.items():
            theirs[state] += ns
    ours = collections.Counter()
    for line in said.by["ghc.thread.time"]:
        state, thread = line["attrs"]["state"], line["attrs"]["thread"]
        ours[state] += line["value"]
        if thread != "other":
            same(path, f"thread {thread} {state}", line["value"], times[int(thread)][state])
    same(path, "threads' time by state", +ours, +theirs)
    for metric, of in (("ghc.thread.run_delay", delays), ("ghc.thread.slice", slices)):
        mine = collections.defaultdict(lambda: [0, 0, 0])
        for line in said.by[metric]:
            n = mine[int(line["attrs"]["capability"])]
            n[0] += line["count"]
            n[1] += line["sum"]
            n[2] = max(n[2], line["max"])
        same(path, metric, {k: tuple(v) for k, v in mine.items()},
             {k: (len(v), sum(v), max(v)) for k, v in of.items() if v})
    running = {str(lane): sum(ns) for lane, ns in slices.items() if sum(ns)}
    ours = {k[0]: v for k, v in said.last("ghc.capability.time", "capability", "state").items() if k[1] == "running"}
    open_runs = {e.lane for e in events if e.tag == 1} - {e.lane for e in events if e.tag == 2}
    if not open_runs and not unfinished(events):
        same(path, "capabilities' running time", ours, running)


def unfinished(events):
    """Capabilities on which a thread still runs at the end."""
    last = {}
    for e in events:
        if e.tag in (1, 2):
            last[e.lane] = e.tag
    return [lane for lane, tag in last.items() if tag == 1]


def check_counts(path, events, said):
    stops, created, wakeups, migrations = (collections.Counter() for _ in range(4))
    for e in events:
        lane = None if e.lane == 0xFFFF else str(e.lane)
        if e.tag == 2:
            status = u(e.payload, "H", 4)[0]
            stops[lane, STOPS.get(status) or STATES.get(status, "other")] += 1
        created[lane,] += e.tag == 0
        wakeups[lane,] += e.tag == 8
        migrations[lane,] += e.tag == 4
    same(path, "stops", said.last("ghc.thread.stops", "capability", "reason"), dict(stops))
    for metric, counter in (("created", created), ("wakeups", wakeups), ("migrations", migrations)):
        same(path, metric, said.last("ghc.thread." + metric, "capability"), dict(+counter))


# ---- Collections and the heap ----

def check_collections(path, events, said):
    pauses, counts, copied = [], collections.Counter(), collections.Counter()
    open_at, stats, asked = {}, {}, {}
    for e in events:
        lane = e.lane
        if e.tag in (11, 12):
            asked[lane] = True
        elif e.tag == 9:
            open_at[lane] = e.time
            stats.pop(lane, None)
        elif e.tag == 53:
            stats[lane] = u(e.payload, "H", 4)[0]
            copied[str(lane), str(stats[lane])] += u(e.payload, "Q", 6)[0]
        elif e.tag == 10 and lane in open_at:
            generation = stats.get(lane)
            if generation is not None or lane in asked:
                pauses.append((open_at[lane], max(0, e.time - open_at[lane]), None if generation is None else str(generation)))
                counts[str(lane), None if generation is None else str(generation)] += 1
            del open_at[lane]
            asked.pop(lane, None)
    start = said.start
    ours = [(s["t_ns"] - start, s["dur_ns"], s["attrs"].get("generation")) for s in said.by["ghc.gc.pause"]]
    key = lambda p: (p[0], p[1], p[2] or "")
    same(path, "pauses", sorted(ours, key=key), sorted(pauses, key=key))
    same(path, "collections", said.last("ghc.gc.count", "capability", "generation"), dict(counts))
    same(path, "copied", {k: v for k, v in said.last("ghc.gc.copied", "capability", "generation").items() if v},
         {k: v for k, v in copied.items() if v})


def check_heap(path, events, said):
    start = said.start
    live = sorted((e.time, u(e.payload, "Q", 4)[0]) for e in events if e.tag == 51)
    same(path, "live", sorted((n["t_ns"] - start, n["value"]) for n in said.by["ghc.heap.live"]), live)
    allocated = {}
    for e in events:
        if e.tag == 49:
            allocated[str(e.lane) if e.lane != 0xFFFF else None,] = u(e.payload, "Q", 4)[0]
    same(path, "allocated", said.last("ghc.heap.allocated", "capability"), allocated)
    sizes = {u(e.payload, "Q", 4)[0] for e in events if e.tag == 50}
    same(path, "sizes", {n["value"] for n in said.by["ghc.heap.size"]}, sizes)


# ---- Profiles ----

def check_profiles(path, events, said):
    centres, tables = {}, {}
    breakdown, time, in_sample = None, 0, False
    bands, ticks = collections.Counter(), collections.Counter()
    for e in events:
        if e.tag == 161:
            number, rest = u(e.payload, "I")[0], e.payload[4:].split(b"\0")
            centres[number] = text(rest[0])
        elif e.tag == INFO_TABLE:
            names = e.payload[8:].split(b"\0")
            tables[u(e.payload, "Q")[0]] = text(names[3] or names[0])
        elif e.tag == 160:
            breakdown = BREAKDOWNS.get(u(e.payload, "I", 9)[0])
        elif e.tag in (162, 166):
            in_sample, time = True, e.time if e.tag == 162 else u(e.payload, "Q", 8)[0]
        elif e.tag == 165:
            in_sample = False
        elif e.tag in (163, 164, 167):
            if e.tag == 164:
                label = text(e.payload[9:].split(b"\0")[0])
                stack = (label,)
                if breakdown == "info-table" and label.startswith("0x"):
                    stack = (tables.get(int(label, 16), label),)
                if breakdown == "retainer" and label.startswith("("):
                    stack = tuple(label.split(")", 1)[1].split(","))
            else:
                at = 9 if e.tag == 163 else 12
                ids = u(e.payload, f"{e.payload[at]}I", at + 1)
                stack = ("MAIN",) + tuple(centres[i] for i in reversed(ids) if i in centres)
            if e.tag == 167:
                ticks[stack] += 1
            else:
                bands[time if in_sample else e.time, breakdown or ("cost-centre" if e.tag == 163 else None), stack,
                      u(e.payload, "Q", 1)[0]] += 1
    start = said.start
    ours = collections.Counter((w["t_ns"] - start, w["attrs"].get("breakdown"), tuple(w["stack"]), w["self"])
                               for w in said.by["ghc.heap.residency"])
    same(path, "heap profile", ours, bands)
    ours = collections.Counter()
    for w in said.by["ghc.profile.ticks"]:
        ours[tuple(w["stack"])] += w["self"]
    same(path, "ticks", ours, ticks)


def check_ticky(path, events, said):
    """Sums by closure, whose names come after its samples."""
    names, kinds, counts = {}, {}, collections.defaultdict(lambda: [0, 0, 0])
    for e in events:
        if e.tag == 210:
            id, arity = u(e.payload, "QH")
            parts = e.payload[10:].split(b"\0")
            names[id] = text(parts[1])
            kinds[id] = arity, text(parts[0])
    for e in events:
        if e.tag == 211:
            id, *deltas = u(e.payload, "QQQQ")
            for i, delta in enumerate(deltas):
                counts[names.get(id, hex(id))][i] += delta
    for i, metric in enumerate(("entries", "alloc", "allocd")):
        ours = collections.Counter()
        for w in said.by["ghc.ticky." + metric]:
            ours[tuple(w["stack"])] += w["self"]
        same(path, "ticky " + metric, dict(ours), {(name,): n[i] for name, n in counts.items() if n[i]})
    ours = {w["stack"][0]: (w["self"], w["attrs"].get("arguments", "")) for w in said.by["ghc.ticky.arity"]}
    theirs = {names[id]: (arity, json.loads(k)["args"] if k.startswith("{") else k) for id, (arity, k) in kinds.items()}
    same(path, "closures", ours, theirs)


# ---- What the program says ----

def check_user(path, events, said):
    messages, spans, opened = [], [], collections.defaultdict(list)
    for e in sorted((e for e in events if e.tag in (19, 58)), key=lambda e: e.time):
        word = text(e.payload)
        if e.tag == 58 or not (word.startswith(("START ", "STOP ")) and len(word.split(" ", 1)[1]) > 0):
            messages.append((e.time, word))
        elif word.startswith("START "):
            opened[word[6:]].append(e.time)
        elif opened[word[5:]]:
            spans.append((opened[word[5:]].pop(), e.time, word[5:]))
    start = said.start
    ours = [(s["t_ns"] - start, s["attrs"].get("message", s["attrs"].get("marker")))
            for m in ("ghc.user.message", "ghc.user.marker") for s in said.by[m]]
    readable = [(t, w) for t, w in messages if not any("\udc80" <= c <= "\udcff" for c in w)]
    same(path, "messages", sorted(o for o in ours if "\ufffd" not in o[1]), sorted(readable))
    same(path, "number of messages", len(ours), len(messages))
    ours = [(s["t_ns"] - start, s["t_ns"] - start + s["dur_ns"], s["attrs"]["label"]) for s in said.by["ghc.user.span"]]
    same(path, "spans", sorted(ours), sorted(s for s in spans if s[2] != "WINDOW"))


def check_identity(path, events, said):
    pids = [u(e.payload, "I", 4)[0] for e in events if e.tag == 32]
    if pids:
        same(path, "pid", said.facts["process.pid"], str(pids[-1]))
    for e in events:
        if e.tag == 29 and e.payload[4:].startswith(b"GHC-"):
            version, way = text(e.payload[8:]).split(" ", 1)
            same(path, "version and way", (said.facts["ghc.version"], said.facts["ghc.rts.way"]), (version, way))
    assert "process.environment" not in said.facts, f"{path}: the environment has been stored"


def check(path):
    data = path.read_bytes()
    if len(data) < 8:
        return 0
    events = read(data)
    said = Said(path)
    walls = [u(e.payload, "QI", 4) + (e.time,) for e in events if e.tag == 43]
    said.start = walls[0][0] * SECOND + walls[0][1] - walls[0][2] if walls else 1_000_000_000_000_000_000
    end = said.end
    cut = end["reasons"].get("bad", {}).get("eventlog.cut", 0) if isinstance(end["reasons"], dict) else 0
    same(path, "records", end["read"] - cut, len(events))
    same(path, "ledger", end["read"], end["stored"] + end["skipped"] + end["bad"])
    for part in (check_threads, check_counts, check_collections, check_heap, check_profiles, check_ticky, check_user,
                 check_identity):
        part(path, events, said)
    return len(events)


def main():
    n_files = n_events = 0
    for root in sys.argv[2:]:
        for path in sorted(pathlib.Path(root).rglob("*.eventlog")):
            if path.name not in DAMAGED:
                n_events += check(path)
                n_files += 1
    print(f"{n_files} logs, {n_events} records: what is said of them follows from them")
    return 0 if n_events else 1


if __name__ == "__main__":
    if not any(pathlib.Path(root).is_dir() for root in sys.argv[2:]):
        print(f"skipped: {sys.argv[2]} is not here")
        sys.exit(77)
    sys.exit(main())
