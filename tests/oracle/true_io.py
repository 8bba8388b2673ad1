#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program that logs as a node does is measured while it moves known amounts; what `weir export --to locli --true-io`
writes into its `Resources` records has to be what the store's own rows say at their times, and what the program moved:
true_io.py WEIR"""
import bisect
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

PIECE, N_PIECES, QUIET_S = 1000, 12, 1.2
FIELDS = {"NetRd": ("process.network.io", "receive", 1.0), "NetWr": ("process.network.io", "transmit", 1.0),
          "CentiBlkIO": ("process.disk.wait", None, 1e-7)}


# ---- The program ----

def record(log):
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    data = dict.fromkeys(("Alloc", "CentiBlkIO", "CentiCpu", "CentiGC", "CentiMut", "FsRd", "FsWr", "GcsMajor", "GcsMinor",
                          "Heap", "Live", "NetRd", "NetWr", "RSS", "Threads"), 0)
    print(json.dumps({"at": at, "ns": "Resources", "data": {**data, "kind": "ResourceStats"}, "sev": "Info", "thread": "7",
                      "host": "node-0"}, separators=(",", ":")), file=log, flush=True)


def be_a_node(path):
    """Sends to itself, and waits for the disk; before and after that a while of neither, to be looked at."""
    listener = socket.create_server(("127.0.0.1", 0))
    out = socket.create_connection(listener.getsockname())
    into, _ = listener.accept()
    with open(path, "w") as log:
        for i in range(N_PIECES):
            if i > 0:
                record(log)
            out.sendall(bytes(PIECE))
            n = 0
            while n < PIECE:
                n += len(into.recv(PIECE - n))
            with open(path + ".data", "wb") as data:
                data.write(os.urandom(1 << 18))
                data.flush()
                os.fsync(data.fileno())
            time.sleep(0.2 if i > 0 else QUIET_S)
        time.sleep(QUIET_S)
        record(log)
        time.sleep(QUIET_S)


# ---- What the store says, read another way ----

def sql(weir, store, query):
    run = subprocess.run([weir, "sql", "--json", store, query], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def counters(weir, store, metric, direction, scale):
    """Samples of each series, of the collector that has most of them; the times of the first and the last of all."""
    where = f"metric = '{metric}' and node = 'node-0'"
    if direction:
        where += f" and json_extract(attrs, '$.direction') = '{direction}'"
    most = sql(weir, store, f"select collector from numbers where {where} group by 1 order by count(*) desc, 1 limit 1")
    series = {}
    if most:
        for row in sql(weir, store, f"select attrs, t_ns, value from numbers where {where} and collector ="
                                    f" '{most[0]['collector']}' order by t_ns"):
            series.setdefault(json.dumps(row["attrs"]), []).append((row["t_ns"], row["value"] * scale))
    return list(series.values())


def value_at(series, t):
    total, first = 0.0, min(s[0][0] for s in series)
    for samples in series:
        times = [at for at, _ in samples]
        i = bisect.bisect_right(times, t)
        if i == 0:
            # Two seconds later it is a counter that has just begun.
            total += samples[0][1] if times[0] - first <= 2_000_000_000 else 0
        elif i == len(samples):
            total += samples[-1][1]
        else:
            (t0, v0), (t1, v1) = samples[i - 1], samples[i]
            total += v0 + (v1 - v0) * (t - t0) / (t1 - t0)
    return total


def time_ns(at):
    when = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return int(when.timestamp()) * 10**9 + when.microsecond * 1000


# ---- What weir wrote ----

def rows_of(path):
    with sqlite3.connect(path) as db:
        return list(db.iterdump())


def resources(analysis):
    filtered = [json.loads(line) for line in open(analysis + "/logs-node-0.flt.json")]
    with sqlite3.connect(analysis + "/logs-node-0.sqlite3") as db:
        blobs = [json.loads(blob) for (blob,) in db.execute("select as_blob from resource order by at")]
    return filtered, blobs


def main():
    weir = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        store, run, analysis = folder + "/s.weir", folder + "/run", folder + "/run/analysis"
        os.makedirs(run + "/node-0")
        # What is lost to a machine without rights is lost (3), and asked of the store below.
        code = subprocess.run([weir, "record", "-q", "--no-ingest", "-o", store, "--interval", "0.2", "--run", "r", "--node",
                               "node-0", "--", sys.executable, os.path.abspath(__file__), "--node", run + "/node-0/stdout"],
                              cwd=folder).returncode
        assert code in (0, 3), code
        os.remove(run + "/node-0/stdout.data")
        subprocess.run([weir, "ingest", "-q", run, "-o", store, "--run", "r"], check=True)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1764572400"}
        out = subprocess.run([weir, "export", store, "--to", "locli", "--true-io", "-o", run], env=environment,
                             capture_output=True, text=True)
        measured = {f: counters(weir, store, *how) for f, how in FIELDS.items()}
        if not any(measured.values()):
            assert out.returncode == 3 and "has no disk or network measurements" in out.stderr, out
            print("nothing can be measured here: that is said")
            sys.exit(77)
        # Where nobody measured the wait its own reads do.
        reads = sql(weir, store, "select 1 from histograms where metric in ('process.disk.latency', 'process.disk.queue_time')"
                                 " and json_extract(attrs, '$.direction') = 'read' limit 1")
        is_all = measured["NetRd"] and measured["NetWr"] and (measured["CentiBlkIO"] or reads)
        assert out.returncode == (0 if is_all else 3), out
        filtered, blobs = resources(analysis)
        assert len(filtered) == len(blobs) == N_PIECES, (len(filtered), len(blobs))
        assert f"{N_PIECES} of {N_PIECES} resource records lie within what weir measured: node-0\n" in out.stdout, out
        n = 0
        for line, blob in zip(filtered, blobs):
            t = time_ns(line["at"])
            for field, series in measured.items():
                assert line["data"][field] == blob[field], (field, line, blob)
                if series:
                    want = value_at(series, t)
                    assert abs(line["data"][field] - int(want)) <= 1, (field, line["at"], line["data"][field], want)
                    n += 1
        rungs = sql(weir, store, "select value from facts where collector = 'net' and name = 'rung'")
        # TCP's own count has a byte for the one SYN that was acknowledged.
        own_count = {"NetWr"} if rungs == [{"value": "sock_diag"}] else set()
        for field in ("NetRd", "NetWr"):
            if measured[field]:
                # All that was sent was sent before the last record.
                assert filtered[-1]["data"][field] == N_PIECES * PIECE + (field in own_count), (field, filtered[-1], rungs)
                steps = [b["data"][field] - a["data"][field] for a, b in zip(filtered, filtered[1:])]
                assert min(steps) >= 0, steps
        os.rename(analysis, folder + "/exported")
        subprocess.run([weir, "ingest", "-q", run, "-o", store, "--run", "r", "--locli", "--true-io"], env=environment, stderr=subprocess.DEVNULL)
        assert rows_of(analysis + "/logs-node-0.sqlite3") == rows_of(folder + "/exported/logs-node-0.sqlite3")
        subprocess.run(["diff", "-r", folder + "/exported", analysis], check=True)
        print(f"{n} values are the store's; {N_PIECES * PIECE} bytes each way; the same files as ingest's:"
              f" {len(os.listdir(analysis))}")


if sys.argv[1] == "--node":
    be_a_node(sys.argv[2])
else:
    main()
