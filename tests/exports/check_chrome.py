#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a file is Trace Event Format as its readers take it: check_chrome.py FILE WEIR STORE.

Written from the format's document, not from the exporter. Also counts what is drawn against what the store has.
"""

import collections
import json
import subprocess
import sys

NUMBER = (int, float)
COMMON = {"ph": str, "pid": int, "tid": int, "name": str, "args": dict}
# What each phase must have beside that.
PHASES = {
    "X": {"ts": NUMBER, "dur": NUMBER, "cat": str},
    "i": {"ts": NUMBER, "s": str, "cat": str},
    "b": {"ts": NUMBER, "id2": dict, "cat": str},
    "e": {"ts": NUMBER, "id2": dict, "cat": str},
    "C": {"ts": NUMBER},
    "M": {},
}
METADATA = {"process_name": ("name", str), "thread_name": ("name", str), "process_sort_index": ("sort_index", int),
            "thread_sort_index": ("sort_index", int)}


def fail(event, why):
    sys.exit(f"{why}: {json.dumps(event)[:300]}")


def check_shape(event):
    members = {**COMMON, **PHASES.get(event.get("ph"), {"ph": None})}
    if set(event) != set(members):
        fail(event, "members")
    for key, kind in members.items():
        if kind is None or not isinstance(event[key], kind) or isinstance(event[key], bool):
            fail(event, key)
    if event.get("dur", 0) < 0 or event.get("ts", 0) < 0:
        fail(event, "a time before the first one, or a negative duration")
    if event["ph"] == "i" and event["s"] not in "gpt":
        fail(event, "scope")
    if event["ph"] == "C" and not (event["args"] and all(isinstance(v, NUMBER) for v in event["args"].values())):
        fail(event, "a counter's values")
    if event["ph"] == "M":
        key, kind = METADATA.get(event["name"], (None, None))
        if key is None or set(event["args"]) != {key} or not isinstance(event["args"][key], kind):
            fail(event, "metadata")


def check_names(events):
    """Every track that is used has one name, and no two of a process have the same."""
    threads, processes = {}, {}
    for e in events:
        if e["ph"] == "M" and e["name"] == "thread_name":
            if (e["pid"], e["tid"]) in threads:
                fail(e, "named twice")
            threads[e["pid"], e["tid"]] = e["args"]["name"]
        if e["ph"] == "M" and e["name"] == "process_name":
            processes[e["pid"]] = e["args"]["name"]
    if len(set(processes.values())) != len(processes) or len({(p, n) for (p, _), n in threads.items()}) != len(threads):
        sys.exit("two tracks of the same name")
    for e in events:
        if e["pid"] not in processes or (e["tid"] and (e["pid"], e["tid"]) not in threads):
            fail(e, "no name for its track")
    return threads, processes


def check_nesting(events):
    """Slices of a track lie inside each other or apart: as exact decimals, as a reader's doubles, and cut to nanoseconds."""
    tracks = collections.defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            tracks[e["pid"], e["tid"]].append(e)
    for slices in tracks.values():
        for begin_of, end_of in ((lambda e: e["ts"], lambda e: e["ts"] + e["dur"]),
                                 (lambda e: int(e["ts"] * 1000), lambda e: int(e["ts"] * 1000) + int(e["dur"] * 1000))):
            slices.sort(key=lambda e: (begin_of(e), -e["dur"]))
            stack = []
            for e in slices:
                while stack and end_of(stack[-1]) <= begin_of(e):
                    stack.pop()
                if stack and end_of(stack[-1]) < end_of(e):
                    fail(e, f"overlaps {json.dumps(stack[-1])[:200]}")
                stack.append(e)


def check_async(events):
    open_ones = {}
    for e in events:
        key = (e["pid"], e.get("cat"), json.dumps(e.get("id2"))) if e["ph"] in "be" else None
        if e["ph"] == "b" and (key in open_ones or set(e["id2"]) - {"local", "global"}):
            fail(e, "begins twice")
        if e["ph"] == "b":
            open_ones[key] = e
        if e["ph"] == "e":
            begin = open_ones.pop(key, None)
            if not begin or begin["name"] != e["name"] or begin["ts"] > e["ts"]:
                fail(e, "ends without a beginning")
    if open_ones:
        fail(next(iter(open_ones.values())), "never ends")


def ask(weir, store, sql):
    return json.loads(subprocess.run([weir, "sql", store, sql, "--json"], check=True, capture_output=True).stdout)


def check_contents(events, zero_ns, processes, weir, store):
    """Every span of a collector with a good clock is drawn once, with its time."""
    rows = ask(weir, store, "SELECT coalesce(node, '') node, metric, t_ns, dur_ns FROM spans WHERE collector IN"
                            " ('ghc-eventlog', 'node-trace')")
    drawn = collections.Counter()
    for e in events:
        if e["ph"] in "Xib":
            drawn[processes[e["pid"]], e["cat"], round(e["ts"] * 1000) + zero_ns] += 1
    # A double of microseconds is good for a nanosecond.
    stored = collections.Counter((r["node"], r["metric"], r["t_ns"]) for r in rows)
    if drawn != stored:
        sys.exit(f"drawn and not stored: {list((drawn - stored).items())[:3]}; stored and not drawn: {list((stored - drawn).items())[:3]}")
    ends = {(e["pid"], e["cat"], json.dumps(e["id2"])): e["ts"] for e in events if e["ph"] == "e"}
    long = collections.Counter()
    for e in events:
        dur = e["dur"] + 0.002 if e["ph"] == "X" else \
            ends[e["pid"], e["cat"], json.dumps(e["id2"])] - e["ts"] if e["ph"] == "b" else 0
        long[processes[e["pid"]], e.get("cat")] += round(dur * 1000)
    want = collections.Counter()
    for r in rows:
        want[r["node"], r["metric"]] += r["dur_ns"]
    for key, ns in want.items():
        if abs(long[key] - ns) > 2 * len(rows):
            sys.exit(f"{key}: {long[key]} ns are drawn of {ns}")
    return len(rows)


def check_percentiles(events, pid, node, weir, store):
    """Of each series of a histogram that has more than one interval, every interval's 99th percentile."""
    rows = ask(weir, store, f"SELECT metric, p99 FROM histograms WHERE node = '{node}' AND p99 IS NOT NULL AND (metric, attrs) IN"
                            f" (SELECT metric, attrs FROM histograms WHERE node = '{node}' GROUP BY 1, 2 HAVING count(*) > 1)")
    drawn = collections.Counter((e["name"].split(",")[0], e["args"]["value"]) for e in events
                                if e["ph"] == "C" and e["pid"] == pid and ", p99 " in e["name"])
    if drawn != collections.Counter((r["metric"], r["p99"]) for r in rows):
        sys.exit(f"{node}: percentiles that are drawn are not those that are stored")


def check_counters(events, processes, weir, store):
    """The largest value of the live heap, and the sum of what CPU rates add up to."""
    for node in set(processes.values()):
        most = ask(weir, store, f"SELECT max(value) v FROM numbers WHERE metric = 'ghc.heap.size' AND node = '{node}'"
                                " AND collector = 'node-trace'")[0]["v"]
        pid = next(p for p, n in processes.items() if n == node)
        size = [e["args"]["value"] for e in events if e["ph"] == "C" and e["pid"] == pid and e["name"].startswith("ghc.heap.size")]
        if most is not None and max(size) != most:
            sys.exit(f"{node}: heap of {max(size)}, and {most} is stored")
        check_percentiles(events, pid, node, weir, store)
        cpu = sorted((e["ts"], e["args"]["value"]) for e in events
                     if e["ph"] == "C" and e["pid"] == pid and e["name"] == "process.cpu.time, state total, s/s")
        points = ask(weir, store, f"SELECT t_ns, value FROM numbers WHERE metric = 'process.cpu.time' AND node = '{node}'"
                                  " AND collector = 'node-trace' AND attrs ->> '$.state' = 'total' ORDER BY t_ns")
        if not points:
            continue
        times = [t for t, _ in cpu] + [cpu[-1][0] + (points[-1]["t_ns"] - points[-2]["t_ns"]) / 1000]
        total = sum(v * (times[i + 1] - times[i]) / 1e6 for i, (_, v) in enumerate(cpu))
        if abs(total - (points[-1]["value"] - points[0]["value"]) / 1e9) > 0.001 * total:
            sys.exit(f"{node}: rates add up to {total} s of CPU time")


def main():
    path, weir, store = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        trace = json.load(f)
    if set(trace) != {"displayTimeUnit", "otherData", "traceEvents"} or trace["displayTimeUnit"] not in ("ms", "ns"):
        sys.exit("the object's members")
    events = trace["traceEvents"]
    for e in events:
        check_shape(e)
    threads, processes = check_names(events)
    check_nesting(events)
    check_async(events)
    n = check_contents(events, int(trace["otherData"]["zero_ns"]), processes, weir, store)
    check_counters(events, processes, weir, store)
    print(f"{len(events)} events, {len(threads)} tracks of {len(processes)} nodes, {n} spans")


main()
