# SPDX-License-Identifier: Apache-2.0
"""What the collectors for heap profiles, statistics and ticky reports say of real files, against what follows from the
second readings of the same files, observation by observation.

usage: collectors.py RECORD DIR        RECORD: the program that prints what a collector says
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

import hp
import rts_stats
import ticky

MTIME = 1_795_230_300_000_000_000


def record(collector, path, companions=()):
    arguments = [sys.argv[1], collector, f"file.mtime_ns={MTIME}", path, *(c or "-" for c in companions)]
    done = subprocess.run(arguments, capture_output=True)
    assert done.returncode == 0, f"{path}: {done.stderr.decode()}"
    said = [json.loads(line) for line in done.stdout.decode("utf-8", "surrogateescape").splitlines()]
    end = said[-1]
    assert end["read"] == end["stored"] + end["skipped"] + end["bad"], f"{path}: {end}"
    assert end["end"] == "ok" or any(d.get("severity") in ("warning", "error") for d in said), f"{path}: partial without a word"
    return said


def text(shown):
    """A text of a transcript as the recorder writes it: what is not UTF-8 as lone surrogates."""
    raw = re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), shown.encode())
    return raw.decode("utf-8", "surrogateescape")


# ---- Heap profiles ----

def report_stacks(data):
    """Number -> names from MAIN inwards, modules; read from the right, depth by indentation."""
    lines, stacks, path = data.decode("utf-8", "surrogateescape").split("\n"), {}, []
    start = next((i for i, line in enumerate(lines) if re.match(r"COST CENTRE.* no\. +entries", line)), len(lines))
    column = lines[start].index("MODULE") if start < len(lines) else 0
    pending = ""
    for line in lines[start + 2:]:
        line = pending + line
        m = re.match(r"(.*?) +(\d+) +\d+( +[\d.]+){4}( +\d+ +\d+)?$", line, re.S)
        pending = "" if m else line + "\n"
        if not m:
            continue  # a label with a newline, or the end
        label = line[:column].rstrip()
        depth = len(label) - len(label.lstrip()) if label else len(path)
        path = path[:depth] + [(label.strip(), line[column:].split()[0])]
        stacks[int(m[2])] = list(path)
    return stacks


def path_of(stack):
    """How -hc spells a stack: innermost first, MAIN left out, CAFs with their module and no slash behind them."""
    out = ""
    for i in range(len(stack) - 1, 0, -1):
        name, module = stack[i]
        out += f"{module}.CAF" if name == "CAF" else name + ("/" if i > 1 else "")
    return out


def spelled(label, flags):
    """The frames of a label that nothing explains."""
    m = re.match(r"\((\d+)\)(.*)", label, re.S)
    if not m:
        return (["MAIN"] if label == "MAIN" else [label]), None
    limit = int((re.findall(r"-L(\d+)", flags) or ["25"])[-1])
    is_cut = m[2].endswith("...") and len(m[2].encode()) == limit - 1
    frames = [p[-3:] if p.endswith(".CAF") and len(p) > 4 else p for p in reversed(m[2].split("/"))]
    return ([] if is_cut else ["MAIN"]) + frames, int(m[1])


def expected_stack(label, flags, mode, stacks, sets):
    m = re.match(r"\((\d+)\)(.*)", label, re.S)
    if mode == "cost-centre":
        if label == "MAIN" and stacks:
            return ["MAIN"], next(iter(stacks))
        known = stacks.get(int(m[1])) if m else None
        if known and path_of(known).startswith(m[2].removesuffix("...")):
            return [name for name, _ in known], int(m[1])
        return spelled(label, flags)
    if mode == "retainer" and m:
        return m[2].split(","), int(m[1])
    return [label], None


def check_heap(path):
    report = path.with_suffix(".prof")
    companions = (report if report.exists() and report.stat().st_size else None, path)
    said = record("ghc-heap", path, companions)
    lines = [line.split("\t") for line in hp.reading(path.read_bytes())]
    bands, begin = [], 0
    for line in lines:
        if line[0] == "BEGIN":
            begin = int(line[1])
        elif line[0] == "BAND":
            bands.append((begin, text(line[1]), int(line[2])))
    total = [0, *(int(line[1]) for line in lines if line[0] == "END")][-1]
    ours = [s for s in said if "weight" in s]
    assert len(ours) == len(bands), f"{path}: {len(ours)} weights, {len(bands)} bands"
    if not bands:
        return 0
    flags = text(lines[0][1]).partition(" +RTS")[2]
    mode = ours[0]["attrs"]["breakdown"]
    stacks = report_stacks(report.read_bytes()) if companions[0] else {}
    n_joined = 0
    for weight, (at, label, value) in zip(ours, bands):
        names, native = expected_stack(label, flags, mode, stacks, {})
        got = (weight["stack"], weight.get("native"), weight["t_ns"], weight["self"])
        want = (names, native, MTIME - total + at, value)
        assert got == want, f"{path}: {label!r}: {got}, not {want}"
        n_joined += native in stacks
    if mode == "cost-centre" and stacks:
        assert n_joined > len(bands) * 3 // 4, f"{path}: {n_joined} of {len(bands)} bands joined"
    sums = collections.Counter()
    for weight in ours:
        sums[weight["t_ns"]] += weight["self"]
    again = collections.Counter()
    for at, _, value in bands:
        again[MTIME - total + at] += value
    assert sums == again
    return len(bands)


# ---- Statistics ----

STATES = {"init": "init", "mut": "mutator", "gc": "gc", "retainer": "retainer-profiling", "census": "heap-census",
          "exit": "exit", "total": "total"}
PLAIN = {"allocated": "ghc.heap.allocated", "copied": "ghc.gc.copied", "live.max": "ghc.heap.live.max",
         "live.avg": "ghc.heap.live.avg", "live.cumulative": "ghc.heap.live.cumulative",
         "large.max": "ghc.heap.large_objects.max", "compact.max": "ghc.heap.compact.max",
         "slop.max": "ghc.heap.slop.max", "mem.max": "ghc.heap.size.max", "fragmentation": "ghc.heap.fragmentation",
         "par.copied": "ghc.gc.copied.parallel", "par.copied.max": "ghc.gc.copied.parallel.max",
         "par.copied.balanced": "ghc.gc.copied.parallel.balanced", "alloc_rate": "ghc.heap.allocation_rate",
         "work_balance": "ghc.gc.work_balance", "capabilities": "ghc.capability.count", "sparks": "ghc.spark.total",
         "workers.peak": "ghc.task.workers.max"}
GENERATION = {"collections": "ghc.gc.count", "par": "ghc.gc.count.parallel", "cpu": "ghc.gc.cpu.time",
              "elapsed": "ghc.gc.elapsed.time", "pause.max": "ghc.gc.pause.max", "pause.avg": "ghc.gc.pause.avg"}


OF_COLLECTIONS = ("ghc.heap.live", "process.paging.faults")  # the last one can end when the program does


def metric_of(name):
    """Metric, attributes and factor of a reading; None: it follows from others."""
    if name in PLAIN:
        return PLAIN[name], {}, 1
    if m := re.fullmatch(r"counter\[(.*)\]", name):
        return "ghc.rts.counter", {"counter": m[1]}, 1
    if m := re.fullmatch(r"gen\.(\w+(?:\.\w+)?)\[(\d+)\]", name):
        if m[1].startswith("sync"):
            return "ghc.rts.counter", {"counter": f"gen_{m[1]}", "generation": m[2]}, 1
        return GENERATION[m[1]], {"generation": m[2]}, 1e9 if m[1] not in ("collections", "par") else 1
    if m := re.fullmatch(r"(sync|concurrent)\.(count|cpu|elapsed|pause\.max|pause\.avg)", name):
        metric = "ghc.gc.count" if m[2] == "count" else GENERATION[m[2]]
        return metric, {"phase": f"nonmoving-{m[1]}"}, 1 if m[2] == "count" else 1e9
    if m := re.fullmatch(r"(\w+)\.(cpu|elapsed)", name):
        if m[1] in STATES:
            return f"process.{m[2]}.time", {"state": STATES[m[1]]}, 1e9
        if m[1] == "productivity":
            return "ghc.productivity", {"clock": m[2]}, 1
    if m := re.fullmatch(r"sparks\.(\w+)", name):
        return "ghc.spark.count", {"state": {"gcd": "collected"}.get(m[1], m[1])}, 1
    if name in ("tasks.bound", "workers"):
        return "ghc.task.count", {"kind": {"workers": "worker"}.get(name, "bound")}, 1
    return None


def expected_numbers(lines):
    last = {}
    for line in lines:
        if line.startswith("READINGS"):
            for reading in line.split("\t")[1:]:
                name, _, value = reading.rpartition("=")
                if value != "none":
                    last[name] = float(value)
    out = {}
    for name, value in last.items():
        if found := metric_of(name):
            out[found[0], json.dumps(found[1])] = value * found[2]
    for name, key in (("mem.max", "ghc.heap.size.max"), ("fragmentation", "ghc.heap.fragmentation")):
        if name not in last and f"{name}.mib" in last:
            out[key, "{}"] = last[f"{name}.mib"] * 2**20
    if "mem.max" not in last and last.get("mem.max.mib") == last.get("live.max", -1) // 2**20:
        del out["ghc.heap.size.max", "{}"]
    if "gcs" in last and "gen.collections[0]" not in last:
        out["ghc.gc.count", '{"generation": "major"}'] = last["major_gcs"]
        out["ghc.gc.count", '{"generation": "minor"}'] = last["gcs"] - last["major_gcs"]
    return out


def check_stats(path):
    said = record("ghc-rts-stats", path)
    lines = rts_stats.reading(path.read_bytes())
    want = expected_numbers(lines)
    got, sums = {}, collections.Counter()
    for s in said:
        if "number" in s and s["t_ns"] == MTIME and s["number"] not in OF_COLLECTIONS:
            got[s["number"], json.dumps(s["attrs"])] = s["value"]
    for key in want.keys() | got.keys():
        assert key in want and key in got, f"{path}: only one reading has {key}"
        assert abs(want[key] - got[key]) <= 1e-6 * abs(want[key]) + 0.5 * (key[0] != "ghc.productivity"), f"{path}: {key}"
    gcs = [line.split("\t") for line in lines if line.startswith("GC\t")]
    assert len(gcs) == sum("span" in s for s in said)
    for gc, span in zip(gcs, (s for s in said if "span" in s)):
        assert span["attrs"] == {"generation": gc[1]}, f"{path}: {gc} {span}"
        assert (span["value"], span["dur_ns"]) == (float(gc[5]) * 1e9, round(float(gc[6]) * 1e9)), f"{path}: {gc} {span}"
    if gcs and want:
        last = next(int(line.split("\t")[1]) for line in lines if line.startswith("LAST_ALLOC"))
        assert sum(int(gc[2]) for gc in gcs) + last == want["ghc.heap.allocated", "{}"], f"{path}: allocated"
        assert sum(int(gc[3]) for gc in gcs) == want["ghc.gc.copied", "{}"], f"{path}: copied"
    return len(want) + len(gcs), want


def check_forms(folder, by_form):
    """One program, five forms: what does not depend on time is the same."""
    names = ("stats-s.stderr", "stats-s-file.txt", "stats-S.stderr", "stats-t.stderr", "stats-t-mr.stderr")
    have = [by_form[folder / n] for n in names if by_form.get(folder / n)]
    for key in (("ghc.heap.allocated", "{}"),):
        values = {w[key] for w in have}
        assert len(values) <= 1 or max(values) - min(values) < 0.01 * max(values), f"{folder}: {key} {values}"
    counts = {sum(v for (metric, attrs), v in w.items() if metric == "ghc.gc.count" and "phase" not in attrs) for w in have}
    assert not counts or max(counts) - min(counts) <= 2, f"{folder}: collections {counts}"
    return len(have)


# ---- Ticky ----

def check_ticky(path):
    said = record("ghc-ticky", path)
    want = []
    for line in ticky.reading(path.read_bytes()):
        part = line.split("\t")
        if part[0] == "ROW":
            want += [("ghc.ticky." + m, text(part[6]), text(part[8]), int(v), "")
                     for m, v in zip(("entries", "alloc", "allocd"), part[1:4])]
            want.append(("ghc.ticky.arity", text(part[6]), text(part[8]), int(part[4]), text(part[5])))
        elif part[0] == "COUNTER" and len(part) == 3:
            want.append(("ghc.ticky.counter", part[1], "", int(part[2]), ""))
        elif part[0] == "SUMS":
            want += [("ghc.ticky.sum", *p.split("=")[:1], "", int(p.split("=")[1]), "") for p in part[1:]]
    got = [(s["weight"], s["stack"][0], s.get("module", ""), s["self"], s.get("attrs", {}).get("arguments", ""))
           for s in said if "weight" in s]
    got += [(s["number"], next(iter(s["attrs"].values())), "", s["value"], "") for s in said if "number" in s]
    assert sorted(got) == sorted(want), f"{path}: {sorted(set(got) ^ set(want))[:4]}"
    return len(want)


def main():
    root = pathlib.Path(sys.argv[2])
    if not root.is_dir():
        print(f"skipped: {root} is not here")
        sys.exit(77)
    files = sorted(p for p in root.rglob("*") if p.is_file())
    n, by_form = collections.Counter(), {}
    for path in files:
        if path.suffix == ".hp":
            n["bands"] += check_heap(path)
        elif rts_stats.wanted(path, b""):
            count, by_form[path] = check_stats(path)
            n["readings"] += count
        elif ticky.wanted(path, b""):
            n["ticky counters"] += check_ticky(path)
    n["forms"] = sum(check_forms(folder, by_form) for folder in sorted({p.parent for p in by_form}))
    print(", ".join(f"{v} {k}" for k, v in n.items()) + ": collectors and second readings agree")
    sys.exit(0 if n["bands"] and n["readings"] and n["ticky counters"] else 1)


main()
