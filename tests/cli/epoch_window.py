#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`weir record --epoch-window`: looks are fine around the boundaries that a genesis file tells, coarse between:
epoch_window.py WEIR"""
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

weir = os.path.abspath(sys.argv[1])
# What is looked at is when weir wants to measure, not what the machine does for others: where that is allowed, all of
# this comes before them.
try:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
except PermissionError:
    pass
os.chdir(tempfile.mkdtemp())
FINE, COARSE, BEFORE, AFTER, EPOCH = 0.1, 1.0, 0.5, 1.0, 4.0
start = int(time.time()) - 39
genesis = {"systemStart": datetime.datetime.fromtimestamp(start, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
           "slotLength": 0.1, "epochLength": 40, "initialFunds": {"x" * 40: 1}}
json.dump(genesis, open("genesis.json", "w"))


def record(*more, code=0):
    p = subprocess.run([weir, "record", "-q", "-c", "proc", "-o", "s.weir", "--interval", str(FINE), *more, "--", "sleep", "9"],
                       capture_output=True, text=True)
    assert p.returncode == code, (p.returncode, p.stderr)
    return p.stderr


record("--coarse", str(COARSE), "--epoch-window", f"-{BEFORE}s,+{AFTER}s", "--genesis", "genesis.json")
sql = subprocess.run([weir, "sql", "--json", "s.weir", "select t_ns from numbers where metric = 'process.count' order by 1"],
                     capture_output=True, text=True, check=True)
times = [row["t_ns"] / 1e9 for row in json.loads(sql.stdout)]


def away(t):
    """From the nearest boundary: before it negative."""
    phase = (t - start) % EPOCH
    return phase if phase < EPOCH / 2 else phase - EPOCH


fine = [t for t in times if -BEFORE - 0.01 <= away(t) <= AFTER + 0.05]
gaps = [b - a for a, b in zip(times, times[1:])]
inside = [b - a for a, b in zip(times, times[1:]) if -BEFORE <= away(a) and away(b) <= AFTER and b - a < EPOCH / 2]
outside = [b - a for a, b in zip(times, times[1:]) if away(a) > AFTER + 0.05 or away(b) < -BEFORE - 0.05]
# Nine seconds meet two boundaries at least: fifteen fine looks each, and about three coarse ones between.
assert len(fine) >= 26, (len(fine), times)
assert sorted(inside)[len(inside) // 2] < 2 * FINE, sorted(inside)
assert max(gaps) <= COARSE + 0.7, max(gaps)
assert outside and sorted(outside)[len(outside) // 2] > 2 * FINE, outside
assert len(times) < 9 / FINE * 0.7, len(times)

json.dump({"startTime": 1, "protocolConsts": {}}, open("byron.json", "w"))
assert "must be Shelley's" in record("--epoch-window", "-1s,+1s", "--genesis", "byron.json", code=2)
assert "needs --genesis" in record("--epoch-window", "-1s,+1s", code=2)
assert "not of the form" in record("--epoch-window", "1s,2s", "--genesis", "genesis.json", code=2)
assert "as long as an epoch" in record("--epoch-window", "-3s,+3s", "--genesis", "genesis.json", code=2)
assert "No such file" in record("--epoch-window", "-1s,+1s", "--genesis", "none.json", code=2)
open("cut.json", "w").write(json.dumps(genesis)[:-5])
assert "not JSON" in record("--epoch-window", "-1s,+1s", "--genesis", "cut.json", code=2)
# A run directory has its own genesis; without one there is no window.
for with_genesis in (True, False):
    run = f"run-{with_genesis}"
    for folder in ("genesis", "supervisor", "node-0"):
        os.makedirs(f"{run}/{folder}")
    if with_genesis:
        json.dump(dict(genesis, securityParam=3, activeSlotsCoeff=0.05), open(f"{run}/genesis/genesis.shelley.json", "w"))
    node = subprocess.Popen(["sleep", "9"])
    json.dump({"node-0": node.pid}, open(f"{run}/supervisor/node2pid.map", "w"))
    p = subprocess.run([weir, "attach", run, "-q", "-c", "proc", "-o", f"{run}.weir", "--interval", str(FINE), "--coarse", str(COARSE),
                        "--epoch-window", f"-{BEFORE}s,+{AFTER}s"], capture_output=True, text=True)
    assert p.returncode == (0 if with_genesis else 2), (p.returncode, p.stderr)
    assert with_genesis or "has no genesis" in p.stderr, p.stderr
    node.kill()
    node.wait()
sql = subprocess.run([weir, "sql", "--json", "run-True.weir", "select t_ns from numbers where metric = 'process.count' order by 1"],
                     capture_output=True, text=True, check=True)
looks = [row["t_ns"] / 1e9 for row in json.loads(sql.stdout)]
assert sum(-BEFORE - 0.01 <= away(t) <= AFTER + 0.05 for t in looks) >= 20, looks
assert len(looks) < 9 / FINE * 0.7, looks
# A log that comes later, alone, is of the chain that the recording was told of; of another run it is of none.
boundary = start + EPOCH
with open("stdout", "w") as log:
    for slot in range(30, 50):
        at = datetime.datetime.fromtimestamp(start + slot * 0.1 + 0.001, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        log.write(json.dumps({"at": at, "ns": "Forge.Loop.StartLeadershipCheck",
                              "data": {"kind": "TraceStartLeadershipCheck", "slot": slot}, "sev": "Info", "thread": "7", "host": "n"}) + "\n")
subprocess.run([weir, "record", "-q", "-c", "proc", "-o", "k.weir", "--run", "known", "--node", "n", "--genesis", "genesis.json", "--",
                "true"], check=True)
for run, n_boundaries in (("known", 1), ("unknown", 0)):
    subprocess.run([weir, "ingest", "-q", "stdout", "-o", "k.weir", "--run", run, "--node", "n"], check=True)
    sql = subprocess.run([weir, "sql", "--json", "k.weir",
                          f"select t_ns from spans where metric = 'cardano.epoch.boundary' and run = '{run}'"],
                         capture_output=True, text=True, check=True)
    assert [row["t_ns"] for row in json.loads(sql.stdout)] == [int(boundary * 1e9)] * n_boundaries, sql.stdout
print(f"{len(times)} looks, {len(fine)} of them around boundaries")
