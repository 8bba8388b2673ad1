#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the collector self says of weir's processes, against what this test reads of them at the same time, and of BPF
programs, which count their own runs and time, against the kernel's count where it may be had; and that a measuring
worker has given up its rights: self.py WEIR"""
import ctypes
import json
import os
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

# Programs of all kinds run: processes, switches, files, a disk.
WORK = ["timeout", "-s", "KILL", "4", "sh", "-c",
        "while :; do dd if=/dev/zero of=file bs=4k count=100 oflag=sync status=none; done"]
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]


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


def held(pid):
    """Numbers of the BPF programs that a process has descriptors of."""
    ids = set()
    try:
        for number in os.listdir(f"/proc/{pid}/fdinfo"):
            for line in open(f"/proc/{pid}/fdinfo/{number}").read().splitlines():
                ids |= {int(line.split()[1])} if line.startswith("prog_id:") else set()
    except OSError:
        pass
    return ids


def programs():
    """What bpftool says of each program of the machine, by its number."""
    tool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    if os.geteuid() != 0 or not os.path.exists(tool):
        return {}
    p = subprocess.run([tool, "prog", "show", "-j"], capture_output=True, text=True)
    return {p["id"]: p for p in json.loads(p.stdout)} if p.returncode == 0 else {}


def count_programs():
    """Lets the kernel count programs' runs for as long as the descriptor lives; None where that may not be."""
    attr = ctypes.create_string_buffer(struct.pack("=I", 0))  # BPF_STATS_RUN_TIME
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, 32, attr, 4)  # BPF_ENABLE_STATS
    return fd if fd >= 0 else None


def load_stranger(name):
    """A program of somebody else, called as one of weir's is: a descriptor; None where that may not be. It never runs."""
    instructions = ctypes.create_string_buffer(bytes([0xB7] + [0] * 7 + [0x95] + [0] * 7))  # r0 = 0; exit
    licence = ctypes.create_string_buffer(b"GPL")
    # union bpf_attr: type (a socket filter), instructions, licence, log, kernel version, flags, name.
    attr = ctypes.create_string_buffer(struct.pack("=IIQQIIQII16s", 1, 2, ctypes.addressof(instructions),
                                                   ctypes.addressof(licence), 0, 0, 0, 0, 0, name.encode()))
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, 5, attr, len(attr) - 1)  # BPF_PROG_LOAD
    return fd if fd >= 0 else None


def check_programs(rows, known):
    """The rows are of the programs that the workers hold, all of them and no others, by their numbers: names are
    anybody's, another recording's programs have the same ones."""
    runs, times = {}, {}
    for r in rows:
        if r["metric"].startswith("weir.cost.bpf.") and "program" in r["attrs"]:
            kept = runs if r["metric"] == "weir.cost.bpf.runs" else times
            kept.setdefault((r["attrs"]["collector"], r["attrs"]["program"]), []).append((r["t_ns"], r["value"]))
    n, names, costs = 0, set(), []
    for look, holders, begun, ended in known:
        cost = [0, 0, set()]
        for collector, ids in holders.items():
            # What it holds of the others' it holds to look at them.
            ours = [look[i] for i in ids if i in look] if collector != "self" else []
            for p in ours:
                # bpftool takes names from types, at full length.
                name = (collector, p.get("name", "")[:15])
                names.add(name)
                assert name in runs, (name, "is a worker's program, and there is nothing of it", sorted(runs))
                until = [v for at, v in runs[name] if at < begun - 500_000_000]
                after = [v for at, v in runs[name] if at > ended]
                if until and after:
                    cost[0] += p.get("run_time_ns", 0)
                    cost[1] += [v for at, v in times[name] if at > ended][0]
                    cost[2].add(name)
                    assert until[-1] <= p.get("run_cnt", 0) <= after[0], (name, until[-1], p, after[0])
                    n += 1
        costs.append(cost)
    if any(look for look, _, _, _ in known):
        assert set(runs) == names, ("not of our workers", set(runs) - names)
        assert n or not names, (runs, known)
    return n, costs


def check_costs(costs):
    """The kernel times all runs, and its reading the clock with them, they themselves one of 61, without. Whoever is
    interrupted in the middle counts that too; so it is the middle one of what the intervals say."""
    shares = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(costs, costs[1:]) if a[0] < b[0] and a[2] == b[2]]
    share = statistics.median(shares) if shares else None
    assert share is None or 0.25 <= share <= 1.25, costs
    return share


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
        strangers = [load_stranger(name) for name in ("on_send", "on_rq_complete", "on_nobody")]
        counting = count_programs()
        run = subprocess.Popen([weir, "record", "-q", "-o", store, "--interval", "0.2", "--", *WORK], cwd=folder,
                               stderr=subprocess.PIPE, text=True)
        seen, known = [], []
        while run.poll() is None:
            begun = time.time_ns()
            seen.append((begun, look(run.pid), time.time_ns()))
            time.sleep(0.05)
            if len(seen) % 5 == 0:
                # A worker that is sealed can make no more of them; before that some are only tried.
                holders = {name: held(w[0]) for name, w in seen[-1][1].items() if w[3]["NoNewPrivs"].strip() == "1"}
                begun = time.time_ns()
                known.append((programs(), holders, begun, time.time_ns()))
        run.communicate()
        for fd in [counting, *strangers]:
            if fd is not None:
                os.close(fd)
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
    n_programs, costs = check_programs(rows, known)
    share = check_costs(costs)
    # While it measures a worker has no right, or the one to look into a target that has rights; and a filter.
    for name in ("proc", "self"):
        status = [s[name][3] for _, s, _ in seen if name in s][-1]
        caps = int(status["CapEff"], 16)
        assert caps & ~(1 << 19) == 0, (name, status["CapEff"])
        assert status["NoNewPrivs"].strip() == "1", (name, status)
        # A build with AddressSanitizer, which reserves terabytes, has no filter.
        is_sanitized = int(status["VmSize"].split()[0]) > 1 << 30
        assert status["Seccomp"].strip() == "2" or is_sanitized, (name, status)
    print(f"{n} numbers agree; {n_programs} programs run as often as the kernel says" +
          (f", and take {share:.0%} of what it says" if share else ""))


main()
