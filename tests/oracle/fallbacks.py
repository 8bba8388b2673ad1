#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes away what live collectors measure with, one thing at a time, and sees that each goes on with its next way, says why,
and leaves out only what that way hasn't: fallbacks.py LIVE WEIR PROGRAM

PROGRAM is one whose collections rts can see. A collector and what it hasn't are a test each, in cmocka's words."""
import json
import os
import subprocess
import sys
import tempfile

from rights import Wrong, expect, missing_capability

HIDE = 'for f in {}; do [ ! -d $f ] || mount -t tmpfs none $f || exit 1; done; exec "$@"'
TAKEN = {
    "nothing": [],
    "types": ["unshare", "-m", "sh", "-c", HIDE.format("/sys/kernel/btf"), "sh"],
    "tracefs": ["unshare", "-m", "sh", "-c", HIDE.format("/sys/kernel/tracing /sys/kernel/debug"), "sh"],
    "capabilities": ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
}
NO_TYPES, NO_RIGHT = "no /sys/kernel/btf/vmlinux", "CAP_BPF and CAP_PERFMON"

# What would change it, and what would not.
REMEDIES = {"types": ("CONFIG_DEBUG_INFO_BTF", "CAP_"), "capabilities": ("run weir as root or with CAP_", "CONFIG_")}

# Collector: its best rung, what only that one has, what each has; and, without what, the rung that is left and why.
MATRIX = {
    "disk": ("tp_btf", "disk.latency", "process.disk.io|process.disk.io.accounted",
             {"types": ("procfs", NO_TYPES), "capabilities": ("procfs", NO_RIGHT)}),
    "net": ("tp_btf", "process.network.calls", "tcp.bytes",
            {"types": ("sock_diag", NO_TYPES), "capabilities": ("sock_diag", NO_RIGHT)}),
    "sched": ("tp_btf", "sched.on_cpu", "thread.cpu.time",
              {"types": ("procfs", NO_TYPES), "capabilities": ("procfs", NO_RIGHT)}),
    "rts": ("uprobes", "ghc.gc.pause", "ghc.gc.count",
            {"capabilities": ("memory", "the kernel doesn't let this user do that")}),
    "hsprof": ("perf_event", None, "ghc.profile.time",
               {"types": ("flat", NO_TYPES), "capabilities": ("flat", NO_RIGHT)}),
    "proc": (None, None, "process.cpu.time", {}),
}

TALK = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
a = socket.create_connection(listener.getsockname())
b = listener.accept()[0]
for _ in range(30): a.sendall(b"x" * 1000); b.recv(1000); time.sleep(0.01)
"""

# In the folder where the test runs, which is a disk's more often than /tmp is.
WRITE = """
import os, tempfile, time
with tempfile.TemporaryFile(dir=".") as f:
    for _ in range(30): f.write(b"x" * 4096); f.flush(); os.fsync(f.fileno()); time.sleep(0.01)
"""


def observe(prefix, live, collector, program):
    with tempfile.TemporaryDirectory() as folder:
        said = os.path.join(folder, "said")
        run = subprocess.run([*prefix, "bash", "-c", 'exec 3>"$0"; exec "$@"', said, live, collector, "interval_ms=30",
                              "-frequency=999" if collector == "hsprof" else f"process.exe={program[0]}", "--", *program],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=100)
        if not os.path.exists(said):
            raise Wrong(f"it did not run: {run.stderr}")
        with open(said, encoding="utf-8", errors="replace") as f:
            return [json.loads(line) for line in f]


def has(heard, names):
    return any(o.get(shape) in names.split("|") for o in heard for shape in ("number", "histogram", "span", "weight"))


def check(collector, taken, heard):
    best, only_best, always, left = MATRIX[collector]
    rung, why = left.get(taken, (best, None))
    facts = {o["fact"]: o["value"] for o in heard if "fact" in o}
    failed = {name: value for name, value in facts.items() if name.startswith("rung.failed.")}
    expect(heard and heard[-1].get("end") == "ok", f"it ended so: {heard[-1:]}")
    expect(facts.get("rung") == rung, f"rung {facts.get('rung')}, not {rung}: {failed}")
    expect(has(heard, always), f"it measured no {always}")
    if not why:
        expect(not failed, f"it needs nothing of that, and yet: {failed}")
        expect(not only_best or has(heard, only_best), f"it measured no {only_best}")
        return
    expect(why in failed.get(f"rung.failed.{best}", ""), f"why not {best}: {failed}")
    expect(not only_best or not has(heard, only_best), f"{only_best} without {taken}: from where?")
    notes = [o["message"] for o in heard if o.get("diag") == "host.rung"]
    expect(any("lacks" in note for note in notes), f"what is lost is not said: {notes}")
    remedies = [n.split("to change that: ")[1] for n in notes if f"{best} cannot be used" in n and "to change that" in n]
    helps, does_not = REMEDIES[taken]
    expect(len(remedies) == 1, f"what to do is not said: {notes}")
    expect(helps in remedies[0] and does_not not in remedies[0], f"does that help without {taken}? {remedies}")


def check_self(taken, weir):
    """It measures weir's own processes, so weir runs it."""
    said = subprocess.run([*TAKEN[taken], weir, "doctor", "--json"], capture_output=True, text=True, check=False, timeout=100)
    parts = {part["part"]: part for c in json.loads(said.stdout) if c["collector"] == "self" for part in c["parts"]}
    rung = "as_it_is" if taken == "capabilities" else "own_counts"
    expect(parts["bpf.time"]["used"] == rung, f"bpf.time by {parts['bpf.time']}")
    expect(parts["cpu"]["used"] == "schedstat", f"cpu by {parts['cpu']}")
    if rung != "own_counts":
        expect("not permitted" in parts["bpf.time"]["rungs"][0]["why_not"], f"why: {parts['bpf.time']}")


def main():
    live, weir, program = (os.path.realpath(path) for path in sys.argv[1:])
    missing = missing_capability("CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF")
    if missing:
        print(f"skipped: without {missing} nothing can be taken away from a collector that it had")
        return 77
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        print("skipped: this kernel shows no types of its own")
        return 77
    programs = {"hsprof": ["sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"],
                "net": [sys.executable, "-c", TALK],
                "disk": [sys.executable, "-c", WRITE]}
    n_wrong = 0
    # In a changed root, whose own folder is no mount, nobody gets mounts of his own.
    apart = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True, check=False)
    for taken, prefix in TAKEN.items():
        for collector in [*MATRIX, "self"]:
            name = f"{collector}_without_{taken}"
            print(f"[ RUN      ] {name}")
            if prefix[:1] == ["unshare"] and apart.returncode != 0:
                print(f"nothing can be hidden here: {apart.stderr.strip()}\n[  SKIPPED ] {name}", flush=True)
                continue
            try:
                if collector == "self":
                    check_self(taken, weir)
                else:
                    heard = observe(prefix, live, collector, programs.get(collector, [program]))
                    check(collector, taken, heard)
                print(f"[       OK ] {name}", flush=True)
            except Wrong as wrong:
                n_wrong += 1
                print(f"{wrong}\n[  FAILED  ] {name}", flush=True)
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
