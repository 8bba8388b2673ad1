#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the collector self says of weir's processes, against what this test reads of them at the same time, and of BPF
programs against bpftool where it may be asked; and that a measuring worker has given up its rights: self.py WEIR"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time


def children(pid):
    try:
        return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def look(weir):
    """CPU time, memory, capabilities and seccomp mode of each worker, by its name."""
    got = {}
    for pid in children(weir) + [weir]:
        try:
            comm = open(f"/proc/{pid}/comm").read().strip()
            cpu = int(open(f"/proc/{pid}/schedstat").read().split()[0])
            status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
        except (OSError, ValueError, IndexError):
            continue
        name = "host" if pid == weir else comm[5:] if comm.startswith("weir:") else None
        if name and "VmRSS" in status:
            got[name] = (pid, cpu, int(status["VmRSS"].split()[0]) * 1024, status)
    return got


def programs():
    tool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    if os.geteuid() != 0 or not os.path.exists(tool):
        return {}
    p = subprocess.run([tool, "prog", "show", "-j"], capture_output=True, text=True)
    return {p["id"]: p for p in json.loads(p.stdout)} if p.returncode == 0 else {}


def check_programs(rows, before_all, known):
    """Ours are those that were not there before. By name, since each descriptor may be anybody's."""
    runs = {}
    for r in rows:
        if r["metric"] == "weir.cost.bpf.runs":
            runs.setdefault((r["attrs"]["collector"], r["attrs"]["program"]), []).append((r["t_ns"], r["value"]))
    n = 0
    for look, begun, ended in known:
        # bpftool takes names from types, at full length.
        ours = [(p.get("name", "")[:15], p.get("run_cnt", 0)) for i, p in look.items() if i not in before_all]
        for (_, name), values in runs.items():
            same = [count for its, count in ours if its == name]
            until, after = [v for at, v in values if at < begun - 500_000_000], [v for at, v in values if at > ended]
            # Another recording on this machine may have begun meanwhile, with programs of the same names.
            if len(same) == 1 and until and after:
                assert until[-1] <= same[0] <= after[0], (name, until[-1], same[0], after[0])
                n += 1
    has_programs = {"disk", "net", "sched"} & {r["attrs"]["collector"] for r in rows}
    assert n or not has_programs or not any(look for look, _, _ in known), (runs, known)
    return n


def check_other_user(weir, folder):
    """Workers that have become another user may not be looked into; what their programs cost is there all the same."""
    os.chmod(folder, 0o777)
    store = folder + "/theirs.weir"
    subprocess.run([weir, "record", "--user", "nobody", "-q", "--no-ingest", "-o", store, "--", "sleep", "1"], cwd=folder,
                   stderr=subprocess.DEVNULL, check=True)
    sql = subprocess.run([weir, "sql", "--json", store, "select count(distinct attrs) as n from numbers where metric ="
                          " 'weir.cost.bpf.runs'"], capture_output=True, text=True, check=True)
    assert json.loads(sql.stdout)[0]["n"] > 0, "of another user's workers there is nothing"


def main():
    weir = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        store = folder + "/s.weir"
        run = subprocess.Popen([weir, "record", "-q", "-o", store, "--interval", "0.2", "--", "sleep", "4"], cwd=folder,
                               stderr=subprocess.PIPE, text=True)
        seen, known, before_all = [], [], programs()
        while run.poll() is None:
            begun = time.time_ns()
            seen.append((begun, look(run.pid), time.time_ns()))
            time.sleep(0.05)
            if len(seen) % 5 == 0:
                begun = time.time_ns()
                known.append((programs(), begun, time.time_ns()))
        run.communicate()
        sql = subprocess.run([weir, "sql", "--json", store, "select metric, attrs, t_ns, value from numbers where"
                              " collector = 'self' order by t_ns"], capture_output=True, text=True, check=True)
        rows = json.loads(sql.stdout)
        if os.geteuid() == 0 and any(r["metric"] == "weir.cost.bpf.runs" for r in rows):
            check_other_user(weir, folder)
    names = {r["attrs"]["collector"] for r in rows}
    assert {"host", "self", "proc"} <= names, names
    n = 0
    for row in rows:
        name, t, value = row["attrs"]["collector"], row["t_ns"], row["value"]
        around = [(begun, s[name], ended) for begun, s, ended in seen if name in s]
        before = [x for x in around if x[2] < t]
        after = [x for x in around if x[0] > t + 100_000_000]
        if not before or not after:
            continue
        assert str(around[0][1][0]) == row["attrs"]["process.pid"], (row, around[0])
        if row["metric"] == "weir.cost.cpu":
            # CPU time only grows, so the true value is between two readings of it.
            assert before[-1][1][1] <= value <= after[0][1][1], (row, before[-1][1][1], after[0][1][1])
            n += 1
        elif row["metric"] == "weir.cost.memory":
            # Memory comes and goes while a collector opens; it is never more than the kernel's own peak.
            most = int(after[-1][1][3]["VmHWM"].split()[0]) * 1024
            least = min(x[1][2] for x in around)
            # The last look may have been before the last row.
            assert least - (1 << 20) <= value <= most + (1 << 20), (row, least, most)
            n += 1
    assert n >= 20, f"only {n} numbers could be compared"
    n_programs = check_programs(rows, before_all, known)
    # While it measures a worker has no right, or the one to look into a target that has rights; and a filter.
    for name in ("proc", "self"):
        status = [s[name][3] for _, s, _ in seen if name in s][-1]
        caps = int(status["CapEff"], 16)
        assert caps & ~(1 << 19) == 0, (name, status["CapEff"])
        assert status["NoNewPrivs"].strip() == "1", (name, status)
        # A build with AddressSanitizer, which reserves terabytes, has no filter.
        is_sanitized = int(status["VmSize"].split()[0]) > 1 << 30
        assert status["Seccomp"].strip() == "2" or is_sanitized, (name, status)
    print(f"{n} numbers agree; {n_programs} programs run as often as bpftool says")


main()
