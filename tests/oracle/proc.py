#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the collector proc says of a program, against what the program says of itself with getrusage(2) and
/proc/self/io, and of the machine, against files that are read before and after: proc.py LIVE COLLECTOR"""
import json
import os
import subprocess
import sys
import tempfile

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

# Burns time in itself and in children, of which one is waited for by a shell; touches memory; reads and writes; keeps
# threads and sockets; and says what it used as its last act.
PROGRAM = r"""
import json, os, resource, socket, subprocess, sys, threading, time
def burn(s):
    end = time.process_time() + s
    while time.process_time() < end:
        sum(range(1000))
burn(0.3)
subprocess.run(["sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; true"])
block = bytearray(48 << 20)
for i in range(0, len(block), 4096): block[i] = 1
with open(sys.argv[1], "wb") as f:
    f.write(b"x" * (4 << 20)); f.flush(); os.fsync(f.fileno())
with open(sys.argv[1], "rb") as f:
    f.read()
pairs = [socket.socketpair() for _ in range(5)]
held = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(3)]
for t in held: t.start()
for _ in range(40): time.sleep(0.01)
for t in held: t.join()
del block
me, kids = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
io = dict(l.split(": ") for l in open("/proc/self/io").read().splitlines())
print(json.dumps({"user": me.ru_utime + kids.ru_utime, "system": me.ru_stime + kids.ru_stime,
    "minor": me.ru_minflt + kids.ru_minflt, "major": me.ru_majflt + kids.ru_majflt, "maxrss": me.ru_maxrss * 1024,
    "voluntary": me.ru_nvcsw + kids.ru_nvcsw, "involuntary": me.ru_nivcsw + kids.ru_nivcsw,
    "io": {k: int(v) for k, v in io.items()}}), flush=True)
os._exit(0)
"""


def machine():
    """Numbers that only grow, as this test reads them."""
    got = {}
    cpu = open("/proc/stat").readline().split()
    for i, state in enumerate(["user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal"]):
        got["system.cpu.time", state] = int(cpu[1 + i]) * TICK_NS
    for line in open("/proc/net/dev").readlines()[2:]:
        name, rest = line.split(":")
        f = rest.split()
        got["system.network.io", name.strip(), "receive"] = int(f[0])
        got["system.network.io", name.strip(), "transmit"] = int(f[8])
        got["system.network.packets", name.strip(), "receive"] = int(f[1])
    for line in open("/proc/diskstats"):
        f = line.split()
        got["system.disk.io", f[2], "read"] = int(f[5]) * 512
        got["system.disk.io", f[2], "write"] = int(f[9]) * 512
        got["system.disk.operations", f[2], "write"] = int(f[7])
        got["system.disk.io_time", f[2]] = int(f[12]) * 1_000_000
    try:
        for resource in ("cpu", "io", "memory"):
            for line in open("/proc/pressure/" + resource):
                got["system.pressure", resource, line.split()[0]] = int(line.rsplit("=", 1)[1]) * 1000
    except OSError:
        pass
    return got


def main():
    live, collector = sys.argv[1:]
    # Where the test runs, which is a disk's more often than /tmp is.
    with tempfile.TemporaryDirectory(dir=".") as folder:
        before = machine()
        run = subprocess.run(["bash", "-c", 'exec 3>"$0"; exec "$@"', folder + "/said", live, collector,
                              "interval_ms=50", "--", sys.executable, "-c", PROGRAM, folder + "/file"],
                             stdout=subprocess.PIPE, text=True, check=True)
        after = machine()
        lines = [json.loads(line) for line in open(folder + "/said")]
    own = json.loads(run.stdout)
    last, first, most = {}, {}, {}
    for line in lines:
        if "number" not in line:
            continue
        attrs = {k: v for k, v in line["attrs"].items() if k != "process.pid"}
        key = (line["number"], *[attrs[k] for k in ("device", "resource", "state", "type", "direction", "share")
                                 if k in attrs])
        first.setdefault(key, line["value"])
        if key in last and line["number"] in ("process.cpu.time", "process.disk.io", "process.context_switches"):
            assert line["value"] >= last[key], ("a counter fell", line, last[key])
        last[key] = line["value"]
        most[key] = max(most.get(key, 0), line["value"])

    def near(key, expected, less, more):
        assert key in last, ("never said", key)
        assert expected - less <= last[key] <= expected + more, (key, last[key], expected)

    # The program says what it used a moment before its end; what is left of it is little, and time is in ticks.
    near(("process.cpu.time", "user"), own["user"] * 1e9, 3 * TICK_NS, 0.1e9)
    near(("process.cpu.time", "system"), own["system"] * 1e9, 3 * TICK_NS, 0.1e9)
    near(("process.paging.faults", "minor"), own["minor"], 0, 500)
    near(("process.paging.faults", "major"), own["major"], 0, 50)
    near(("process.memory.usage.max",), own["maxrss"], 1 << 20, 4 << 20)
    io = own["io"]
    near(("process.disk.io", "write"), io["write_bytes"], 0, 1 << 20)
    near(("process.disk.io", "read"), io["read_bytes"], 0, 1 << 20)
    near(("process.file.io", "write"), io["wchar"], 0, 4096)
    near(("process.file.io", "read"), io["rchar"], 0, 1 << 16)
    assert io["write_bytes"] >= 4 << 20, io
    # Switches of what ended between two looks are missing, so they are fewer, but most of them are there.
    switches = last["process.context_switches", "voluntary"]
    assert 40 <= switches <= own["voluntary"] + 50, (switches, own)
    assert most["process.memory.usage",] >= 48 << 20, most["process.memory.usage",]
    assert most["process.memory.usage",] <= own["maxrss"] + (32 << 20)
    assert most["process.thread.count",] >= 4 and most["process.socket.count",] >= 10
    assert most["process.open_file_descriptor.count",] >= 13 and most["process.count",] >= 2
    n = 0
    for key, low in before.items():
        if key not in last:
            assert key[0] == "system.disk.io" or key[0].startswith("system.disk") or low == after[key], key
            continue
        n += 1
        # A core's idle and iowait times may fall: proc(5) says so.
        if key[1] not in ("idle", "iowait"):
            assert low <= first[key] <= last[key] <= after[key], (key, low, first[key], last[key], after[key])
    assert n >= 10, n
    total = int(next(l for l in open("/proc/meminfo") if l.startswith("MemTotal")).split()[1]) * 1024
    assert last["system.memory.usage", "total"] == total
    assert lines[-1]["end"] == "ok" and lines[-1]["read"] == lines[-1]["stored"] > 5, lines[-1]
    print(f"{len(lines)} lines, {n} numbers of the machine within what was read before and after")


main()
