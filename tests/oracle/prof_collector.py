#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the collector of cost-centre profiles says of real files, against what follows from a second reading of them: every
stack by its path and number, its own costs, and what it inherits, summed up here from the leaves.

usage: prof_collector.py RECORD DIR        RECORD: the program that prints what a collector says; DIR: .prof files

Files NAME-P, NAME-pa and NAME-pj of DIR are also compared with each other, and NAME-P with NAME.stats (-s) beside it, when
DIR/same-program says that they are of one program.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

import prof

SYSTEM = {("GC", "GC"), ("SYSTEM", "SYSTEM"), ("OVERHEAD_of", "PROFILING"), ("IDLE", "IDLE"), ("DONT_CARE", "MAIN")}


def record(path):
    done = subprocess.run([sys.argv[1], "ghc-prof", path], capture_output=True)
    assert done.returncode == 0, f"{path}: {done.stderr.decode()}"
    return [json.loads(line) for line in done.stdout.decode("utf-8", "surrogateescape").splitlines()]


def raw(shown):
    """A text of a transcript as the recorder writes it: what is not UTF-8 as lone surrogates."""
    data = re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), shown.encode())
    return data.decode("utf-8", "surrogateescape")


class Row:
    def __init__(self, depth, names, number, entries, shares, costs):
        self.depth, self.names, self.number, self.entries = depth, names, number, entries
        self.shares, self.costs = shares, costs


def rows_of_text(lines):
    above = None
    for line in lines:
        if not line.startswith("ROW\t"):
            continue
        f = line.split("\t")
        numbers = [int(n) for n in f[5:]]
        row = Row(int(f[1].rstrip("?")), tuple(map(raw, f[2:5])), numbers[0], numbers[1], numbers[2:6], tuple(numbers[6:]))
        if f[1].endswith("?"):
            # The programs of the corpus have their only empty label in a function of its module; where that function has no
            # row of its own above, main has called it, as it has the one above.
            row.depth = above.depth + (above.names[1] == row.names[1])
        yield row
        above = row


def rows_of_json(lines):
    centres = {f[1]: tuple(map(raw, f[2:5])) for f in (line.split("\t") for line in lines) if f[0] == "CENTRE"}
    for line in lines:
        f = line.split("\t")
        if f[0] == "STACK":
            yield Row(int(f[1]), centres[f[2]], int(f[2]), int(f[3]), [], (int(f[5]), int(f[4])))


def expected_weights(rows):
    """(metric, scope, path, number) -> [self, inclusive], as a list for equal keys."""
    out, path, scopes = collections.defaultdict(list), [], []
    sums = []  # of each row: [ticks, bytes] of the program's below it and of the system's
    parents, open_rows = [], []
    for i, row in enumerate(rows):
        del open_rows[row.depth:]
        parents.append(open_rows[-1] if open_rows else None)
        above = scopes[parents[i]] if open_rows else "program"
        is_system = row.depth == 1 and row.names[:2] in SYSTEM and row.entries == 0 and row.names[2] in ("", "<built-in>")
        scopes.append("system" if is_system else above)
        open_rows.append(i)
        sums.append({"program": [0, 0], "system": [0, 0]})
    for i in range(len(rows) - 1, -1, -1):
        for k, cost in enumerate(rows[i].costs):
            sums[i][scopes[i]][k] += cost
        if parents[i] is not None:
            for scope in sums[i]:
                for k in range(2):
                    sums[parents[i]][scope][k] += sums[i][scope][k]
    for i, row in enumerate(rows):
        del path[row.depth:]
        path.append(row.names[0])
        key = (scopes[i], tuple(path), row.names[1], row.names[2], row.number)
        out["ghc.profile.entries", *key].append((row.entries, None))
        if row.costs:
            for k, metric in enumerate(("ghc.profile.ticks", "ghc.profile.alloc")):
                out[metric, *key].append((row.costs[k], sums[i][scopes[i]][k]))
        else:
            out["ghc.profile.time_share", *key].append((row.shares[0] / 10, row.shares[2] / 10))
            out["ghc.profile.alloc_share", *key].append((row.shares[1] / 10, row.shares[3] / 10))
    return {k: sorted(v) for k, v in out.items()}


def said_weights(said):
    out = collections.defaultdict(list)
    for w in (s for s in said if "weight" in s):
        key = (w["weight"], w["attrs"].get("scope", "program"), tuple(w["stack"]), w.get("module", ""), w.get("src", ""),
               w.get("native"))
        out[key].append((w["self"], w.get("inclusive")))
    return {k: sorted(v) for k, v in out.items()}


def check(path):
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    said = record(path)
    end = said[-1]
    assert end["read"] == end["stored"] + end["skipped"] + end["bad"], f"{path}: {end}"
    if not text:
        assert end["end"] == "partial" and any(s.get("diag") == "prof.empty" for s in said), f"{path}: {end}"
        return 0, {}
    is_json = prof.is_json(text)
    lines, is_whole = prof.json_reading(text) if is_json else prof.text_reading(path, text)
    rows = list(rows_of_json(lines) if is_json else rows_of_text(lines))
    assert end["stored"] == len(rows), f"{path}: {end['stored']} of {len(rows)} rows"
    assert end["end"] == ("ok" if is_whole else "partial"), f"{path}: {end}"
    if not is_whole:
        stale = next(s for s in said if s.get("diag") == "prof.stale_tail")
        assert re.search(r"\d+ stale bytes", stale["message"]), stale
    else:
        assert not any(s.get("severity") in ("warning", "error") for s in said), f"{path}: {said}"
    n_sets = sum(line.startswith(("SET", "CENSUS")) for line in lines)
    assert end["skipped"] == n_sets, f"{path}: {end}"
    expected, ours = expected_weights(rows), said_weights(said)
    for key in expected.keys() | ours.keys():
        assert expected.get(key) == ours.get(key), f"{path}: {key}: {ours.get(key)}, not {expected.get(key)}"
    totals = {(s["number"], s["attrs"].get("scope", "program")): s["value"] for s in said if "number" in s}
    return len(rows), totals


def check_together(root, totals):
    """Runs of one program cost the same whatever is printed of them, and what -s counts includes it."""
    plain, everything, as_json = (totals[root / f"{name}.prof"] for name in ("P", "pa", "pj"))
    alloc = ("ghc.profile.total_alloc", "program")
    for other in (everything, as_json):
        assert abs(other[alloc] - plain[alloc]) <= plain[alloc] / 1000, f"{plain[alloc]} and {other[alloc]} bytes"
        assert other["ghc.profile.total_alloc", "all"] > other[alloc], "nothing is the system's"
    shares = totals[root / "p.prof"]
    assert abs(shares[alloc] - plain[alloc]) <= plain[alloc] / 1000
    stats = int(re.search(r"([\d,]+) bytes allocated in the heap", (root / "P.stats").read_text())[1].replace(",", ""))
    whole = everything["ghc.profile.total_alloc", "all"]
    # -s counts two words more for each object, which a profiled program adds to at least one: three times as much at most.
    assert whole < stats <= 3 * whole, f"-s: {stats}, -P: {plain[alloc]}, -pa: {whole}"
    print(f"-s {stats} bytes; -P {plain[alloc]}, -pa {everything[alloc]} of {whole}, -pj {as_json[alloc]}")


def main():
    root = pathlib.Path(sys.argv[2])
    files = sorted(root.rglob("*.prof"))
    n_rows, totals = 0, {}
    for path in files:
        n, totals[path] = check(path)
        n_rows += n
    if (root / "same-program").exists():
        check_together(root, totals)
    print(f"{len(files)} files, {n_rows} stacks: every weight follows from the other reading")
    return 0 if n_rows else 1


if not pathlib.Path(sys.argv[2]).is_dir():
    print(f"skipped: {sys.argv[2]} is not here")
    sys.exit(77)
sys.exit(main())
