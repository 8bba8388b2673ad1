#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the collector rts sees of running programs, against what the programs say of themselves at their end (+RTS -S).
usage: rts.py LIVE SOURCE_ROOT [FAKE FAKE_LIBRARY]. Skips, and says why, where there is no ghc or no right to put probes.
WEIR_GHC_PROGRAMS: a folder with what ghc made of them before, `threaded` and `plain`, for slow machines that have no ghc:
some of the runs.
"""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from rights import Wrong, expect, missing_capability

GC = re.compile(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s+[\d.]+\s+([\d.]+)\s+[\d.]+\s+[\d.]+\s+\d+\s+\d+\s+\(Gen:\s+(\d+)\)")
TOTAL = re.compile(r"^\s*Gen\s+(\d+)\s+(\d+) colls,\s+(\d+) par\s+([\d.]+)s\s+([\d.]+)s")
SETTINGS_KNOWN = r"9\.(0|6|10)\."


def observe(live, program, *, settings=(), flags=(), collector="rts", prefix=()):
    """Runs it; returns what the collector said, and what the program wrote about itself."""
    with tempfile.TemporaryDirectory() as folder:
        # Who runs it may be another user.
        os.chmod(folder, 0o777)
        said, stats = os.path.join(folder, "said"), os.path.join(folder, "stats")
        script = 'out=$1; shift; exec 3>"$out"; exec "$@"'
        command = [*prefix, "sh", "-c", script, "sh", said, live, collector, *settings, "--", program, *flags]
        if "+RTS" in flags:
            command += [f"-S{stats}"]
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120)
        with open(said, encoding="utf-8") as f:
            heard = [json.loads(line) for line in f]
        if not os.path.exists(stats):
            return heard, "", run.stderr
        with open(stats, encoding="utf-8") as f:
            return heard, f.read(), run.stderr


def spans(heard, name, **attrs):
    return [o for o in heard if o.get("span") == name and all(o["attrs"].get(k) == v for k, v in attrs.items())]


def numbers(heard, name, **attrs):
    return [o for o in heard if o.get("number") == name and o["attrs"] == attrs]


def fact(heard, name):
    return next((o["value"] for o in heard if o.get("fact") == name), None)


def end(heard):
    return heard[-1]


def own_account(text):
    """Each collection as (copied, live, generation), by generation (count, parallel), and each one's seconds."""
    collections_, totals, seconds = [], {}, []
    for line in text.splitlines():
        gc, total = GC.match(line), TOTAL.match(line)
        if gc:
            collections_.append((int(gc.group(2)), int(gc.group(3)), int(gc.group(5))))
            seconds.append(float(gc.group(4)))
        elif total:
            totals[int(total.group(1))] = (int(total.group(2)), int(total.group(3)))
    return collections_, totals, seconds


def seen(heard):
    """Each collection as the collector told it, in order of its end: (copied, live, generation)."""
    before, last, by_time = collections.Counter(), {}, {}
    for o in heard:
        if o.get("number") == "ghc.gc.copied" and "generation" in o["attrs"]:
            g = int(o["attrs"]["generation"])
            by_time.setdefault(o["t_ns"], {}).update(copied=o["value"] - before[g], g=g)
            before[g] = o["value"]
        elif o.get("number") == "ghc.heap.live" and not o["attrs"]:
            by_time.setdefault(o["t_ns"], {})["live"] = o["value"]
    return [(v["copied"], v["live"], v["g"]) for _, v in sorted(by_time.items())]


def undisturbed():
    """How to run what is timed: before everybody who is not. Between our probe and the program's reading of its clock lies
    a call of the kernel's, the one for the thread's processor time, and that is where a slice which is used up is noticed:
    on a busy machine every second collection lost its processor just there, and the program's account lacked the time."""
    first = ("chrt", "-f", "1")
    can = shutil.which("chrt") and subprocess.run([*first, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return first if can else ()


def check_lengths(heard, seconds, what):
    """The program reads its clock a little behind each of our probes: a pause is as long as it says, to the millisecond
    that it writes, but for what the machine did to somebody in between."""
    mine = [p["dur_ns"] / 1e9 for p in sorted(spans(heard, "ghc.gc.pause"), key=lambda p: p["t_ns"])]
    n_close = sum(abs(m - s) <= 0.0012 for m, s in zip(mine, seconds))
    expect(n_close >= 0.8 * len(seconds), f"{what}: {n_close} of {len(seconds)} pauses are as long as the program says")


def check_whole_run(live, program, flags, is_threaded):
    heard, text, _ = observe(live, program, flags=flags, prefix=undisturbed())
    account, totals, seconds = own_account(text)
    expect(account, f"{flags}: the program said nothing of itself")
    expect(end(heard)["end"] == "ok" and end(heard)["lost"] == 0, f"{flags}: {end(heard)}")
    expect(fact(heard, "rung") == "uprobes", f"{flags}: rung {fact(heard, 'rung')}")
    expect(seen(heard) == account, f"{flags}: copied, live and generation of each collection differ")
    for g, (n, n_parallel) in totals.items():
        pauses = spans(heard, "ghc.gc.pause", generation=str(g))
        expect(len(pauses) == n, f"{flags}: generation {g}: {len(pauses)} pauses, the program counts {n}")
        n_seen = len(spans(heard, "ghc.gc.pause", generation=str(g), mode="parallel"))
        expect(n_seen == n_parallel, f"{flags}: generation {g}: {n_seen} parallel, the program counts {n_parallel}")
        expect(n == 0 or numbers(heard, "ghc.gc.count", generation=str(g))[-1]["value"] == n, "count")
    check_lengths(heard, seconds, flags)
    has_sync = any("value" in p for p in spans(heard, "ghc.gc.pause"))
    expect(has_sync == is_threaded, f"{flags}: halting is {'' if has_sync else 'not '}timed")
    if "--nonmoving-gc" in flags and is_threaded:
        cycles = spans(heard, "ghc.gc.concurrent", phase="cycle")
        expect(0 < len(cycles) <= totals[1][0], f"{flags}: {len(cycles)} cycles for {totals[1][0]} collections")
    return len(account)


def check_counters(heard, text, what):
    """The counters in memory never say more than the program does at its end, and say the same things of it."""
    account = own_account(text)[0]
    gcs = numbers(heard, "ghc.gc.count", counter="stats")
    expect(gcs and 0 < gcs[-1]["value"] <= len(account), f"{what}: {len(account)} collections, read {gcs[-1:]}")
    n_half = 0
    for o in gcs:
        copied = next(c["value"] for c in numbers(heard, "ghc.gc.copied", counter="stats") if c["t_ns"] == o["t_ns"])
        so_far, before = (sum(c for c, _, _ in account[:n]) for n in (o["value"], o["value"] - 1))
        # A program that loses its processor between two of its writes is half done for as long as that takes.
        n_half += copied == before != so_far
        expect(copied in (before, so_far), f"{what}: after {o['value']} collections {copied} bytes copied, -S says {so_far}")
    expect(n_half <= 1, f"{what}: {n_half} of {len(gcs)} readings were half written")


def check_attach(live, program, sleep_ms=200):
    flags = ["600000", "+RTS", "-N2", "-A512k"]
    heard, text, _ = observe(live, program, settings=[f"sleep_ms={sleep_ms}", "interval_ms=50"], flags=flags)
    account, mine = own_account(text)[0], seen(heard)
    expect(0 < len(mine) < len(account), f"attach: {len(mine)} of {len(account)} collections")
    expect(mine == account[-len(mine):], "attach: the collections differ from the program's last ones")
    check_counters(heard, text, "attach")
    expect(fact(heard, "ghc.rts.flags").startswith("-N2 -A512k -S"), f"flags: {fact(heard, 'ghc.rts.flags')}")
    if re.match(SETTINGS_KNOWN, fact(heard, "ghc.version")):
        said = [fact(heard, f"ghc.gc.{name}") for name in ("nursery_bytes", "generations", "oldest_generation")]
        expect(said == ["524288", "2", "copying"], f"settings: {said}")
    expect(numbers(heard, "ghc.capability.count")[-1]["value"] == 2, "capabilities")


def without_rights(program):
    """How to become somebody without rights who can still run the program: a build may lie where only root can look."""
    nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    if subprocess.run([*nobody, "test", "-x", program], check=False).returncode == 0:
        return nobody
    return ("setpriv", "--inh-caps=-all", "--bounding-set=-all")


def check_lower_rungs(live, program, work, n):
    flags = [str(5 * n), "+RTS", "-N2", "-qg", "-A512k"]
    for settings, prefix in ((["-probes=false"], ()), ([], without_rights(live))):
        os.chmod(work, 0o755)
        heard, _, stderr = observe(live, program, settings=[*settings, "interval_ms=20"], flags=flags[:1], prefix=prefix)
        expect(fact(heard, "rung") == "memory", f"{settings}: rung {fact(heard, 'rung')} {stderr}")
        why = fact(heard, "rung.refused.uprobes") or fact(heard, "rung.failed.uprobes") or ""
        expect("option probes" in why if settings else "doesn't let this user" in why, f"{settings}: why: {why}")
        expect(not spans(heard, "ghc.gc.pause"), f"{settings}: pauses without probes")
        expect(numbers(heard, "ghc.gc.count", counter="stats"), f"{settings}: no counters {stderr}")
    heard, text, _ = observe(live, program, settings=["-probes=false", "interval_ms=20"], flags=flags)
    check_counters(heard, text, "memory")


def check_stripped(live, program, work):
    bare = os.path.join(work, "bare")
    shutil.copy(program, bare)
    subprocess.run(["strip", bare], check=True)
    heard, _, stderr = observe(live, bare, flags=["1000", "+RTS"])
    expect(end(heard)["end"] == "failed", "stripped: it didn't fail")
    expect("stripped of its symbols" in stderr and "-O rts.symbols=FILE" in stderr, f"stripped: {stderr}")
    heard, text, _ = observe(live, bare, settings=[f"-symbols={program}"], flags=["100000", "+RTS"])
    expect(seen(heard) == own_account(text)[0], "symbols of another file: the collections differ")
    heard, _, stderr = observe(live, bare, settings=["-symbols=/bin/sh"], flags=["1000", "+RTS"])
    expect(end(heard)["end"] == "failed", "symbols of something else were taken")


def check_fake(live, program, library):
    """A position-independent program whose run-time system is in a library; how often it collects is its argument."""
    for settings in ([], [f"process.exe={program}"]):
        heard, _, stderr = observe(live, program, settings=settings, flags=())
        expect(end(heard)["end"] == "ok", f"{program}: {end(heard)} {stderr}")
        mine = seen(heard)
        expect(mine == [(i * 8, i * 16, i % 2) for i in range(1, 101)], f"{program}: {mine[:3]} … {len(mine)}")
        expect(fact(heard, "process.executable.path") == os.path.realpath(library or program), "which file")


def check_starts(live, program, work):
    """A program that is yet to be run by the process that was named, one that it becomes by way of a shell, and one that
    a script of its runs, beside another run of the same file, which is nobody's business."""
    heard, text, _ = observe(live, program, settings=["before_exec=1", f"process.exe={program}"],
                             flags=["60000", "+RTS", "-N2"])
    expect(seen(heard) == own_account(text)[0], "before exec: the collections differ")
    heard, text, stderr = observe(live, "/bin/sh", settings=["before_exec=1", "process.exe=/bin/sh", f"-program={program}"],
                                  flags=["-c", f'exec {program} 60000 "$@"', "sh", "+RTS", "-N2"])
    expect(seen(heard) == own_account(text)[0], f"exec: the collections differ {stderr}")
    script = os.path.join(work, "script")
    with open(script, "w", encoding="ascii") as f:
        f.write(f'#!/bin/sh\nsleep 0.1\n{program} "$@"\n:\n')
    os.chmod(script, 0o755)
    with subprocess.Popen([program, "600000", "+RTS", "-N1"], stdout=subprocess.DEVNULL) as other:
        heard, text, stderr = observe(live, script, settings=[f"-program={program}", "interval_ms=30"],
                                      flags=["60000", "+RTS", "-N2"])
        other.kill()
    expect(seen(heard) == own_account(text)[0], f"script: the collections differ {stderr}")
    expect(end(heard)["reasons"].get("skipped", {}).get("rts.other_process", 0) > 0, "script: saw no other process")


def build(ghc, work, root):
    source = os.path.join(root, "tests/data/rts/Garbage.hs")
    shutil.copy(source, work)
    made = {}
    for name, flags in (("threaded", ["-threaded"]), ("plain", []), ("debug", ["-threaded", "-debug"])):
        made[name] = os.path.join(work, name)
        subprocess.run([ghc, "-v0", "-O1", "-rtsopts", *flags, "-outputdir", os.path.join(work, name + ".o"),
                        "Garbage.hs", "-o", name], cwd=work, check=True)
    return made


RUNS = (("threaded", ["-N1"]), ("plain", ["-A128k"]))
MORE_RUNS = (("threaded", ["-N2", "-A256k"]), ("threaded", ["-N2", "--nonmoving-gc", "-A512k"]),
             ("threaded", ["-N4", "-qg"]), ("threaded", ["-N2", "-c", "-A512k"]),
             ("threaded", ["-N2", "-G3", "-A512k"]), ("threaded", ["-N2", "-G1", "-A1m"]), ("plain", ["-c", "-A512k"]),
             ("plain", ["--nonmoving-gc"]), ("debug", ["-N2", "-A1m"]))


def main():
    live, root, fakes = os.path.realpath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    missing, ghc, ready = missing_capability("CAP_PERFMON", "CAP_BPF"), shutil.which("ghc"), os.environ.get("WEIR_GHC_PROGRAMS")
    if missing:
        print(f"skipped: without {missing} no probe can be put into a program")
        return 77
    if not os.path.exists("/sys/bus/event_source/devices/uprobe/type"):
        print("skipped: this kernel shows no uprobes in /sys")
        return 77
    for i in range(0, len(fakes), 2):
        check_fake(live, os.path.realpath(fakes[i]), fakes[i + 1] and os.path.realpath(fakes[i + 1]))
    if not ghc and not ready:
        print("skipped: there is no ghc")
        return 77
    with tempfile.TemporaryDirectory() as work:
        made = {name: os.path.join(ready, name) for name in os.listdir(ready)} if ready else build(ghc, work, root)
        runs = RUNS if ready else RUNS + MORE_RUNS
        size = 6000 if ready else 60000
        n = sum(check_whole_run(live, made[program], [str(size), "+RTS", *flags], program != "plain")
                for program, flags in runs)
        check_lower_rungs(live, made["threaded"], work, size)
        if not ready:
            check_attach(live, made["threaded"])
            check_starts(live, made["threaded"], work)
            check_stripped(live, made["threaded"], work)
        print(f"{n} collections of {len(runs)} runs are those that the programs count")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(str(wrong))
