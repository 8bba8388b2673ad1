# SPDX-License-Identifier: Apache-2.0
"""A second reading of the run-time system's statistics: a regular expression for each whole line that it writes, and
Python's own reader for the machine-readable list."""
import ast
import re

from corpus import run, shown

INT = r"([\d,]+)"
DEC = r"(-?[\d.]+|-?nan|-?inf)"
TIMES = {"INIT": "init", "MUT": "mut", "CONC GC": "concurrent", "GC": "gc", "RP": "retainer", "PROF": "census",
         "EXIT": "exit", "Total": "total"}
LINES = [
    (rf" *{INT} bytes allocated in the heap", "allocated"),
    (rf" *{INT} bytes copied during GC", "copied"),
    (rf" *{INT} bytes maximum residency \({INT} sample\(s\)\)", "live.max major_gcs"),
    (rf" *{INT} bytes maximum slop", "slop.max"),
    (rf" *{INT} Mi?B total memory in use \({INT} Mi?B lost due to fragmentation\)", "mem.max.mib fragmentation.mib"),
    (rf"  Parallel GC work balance: {DEC}% .*", "work_balance%"),
    (rf"  TASKS: {INT} \({INT} bound, {INT} peak workers \({INT} total\), using -N{INT}\)",
     "tasks tasks.bound workers.peak workers capabilities"),
    (rf"  SPARKS: {INT} ?\({INT} converted, {INT} overflowed, {INT} dud, {INT} GC'd, {INT} fizzled\)",
     "sparks sparks.converted sparks.overflowed sparks.dud sparks.gcd sparks.fizzled"),
    (rf"  %GC +time +{DEC}% +\({DEC}% elapsed\)", "gc_share.cpu% gc_share.elapsed%"),
    (rf"  Alloc rate +{INT} bytes per MUT second", "alloc_rate"),
    (rf"  Productivity +{DEC}% of total user, {DEC}% of total elapsed", "productivity.cpu% productivity.elapsed%"),
    (rf"  Gen +\d+ +{INT} syncs, +{DEC}s +{DEC}s +{DEC}s", "sync.count sync.elapsed sync.pause.avg sync.pause.max"),
    (rf"  Gen +\d+ +concurrent, +{DEC}s +{DEC}s +{DEC}s +{DEC}s",
     "concurrent.cpu concurrent.elapsed concurrent.pause.avg concurrent.pause.max"),
    (rf"<<ghc: {INT} bytes, {INT} GCs, {INT}/{INT} avg/max bytes residency \({INT} samples\), {INT}M in use, "
     rf"{DEC} INIT \({DEC} elapsed\), {DEC} MUT \({DEC} elapsed\), {DEC} GC \({DEC} elapsed\) :ghc>>",
     "allocated gcs live.avg live.max major_gcs mem.max.mib init.cpu init.elapsed mut.cpu mut.elapsed gc.cpu "
     "gc.elapsed"),
]
GENERATION = "gen.collections gen.par gen.cpu gen.elapsed gen.pause.avg gen.pause.max"
KEYS = {"bytes allocated": "allocated", "allocated_bytes": "allocated", "num_GCs": "gcs",
        "average_bytes_used": "live.avg", "max_bytes_used": "live.max", "max_live_bytes": "live.max",
        "num_byte_usage_samples": "major_gcs", "major_gcs": "major_gcs", "peak_megabytes_allocated": "mem.max.mib",
        "max_large_objects_bytes": "large.max", "max_compact_bytes": "compact.max", "max_slop_bytes": "slop.max",
        "max_mem_in_use_bytes": "mem.max", "cumulative_live_bytes": "live.cumulative", "copied_bytes": "copied",
        "par_copied_bytes": "par.copied", "cumulative_par_max_copied_bytes": "par.copied.max",
        "cumulative_par_balanced_copied_bytes": "par.copied.balanced", "gc_cpu_percent": "gc_share.cpu",
        "gc_wall_percent": "gc_share.elapsed", "fragmentation_bytes": "fragmentation", "alloc_rate": "alloc_rate",
        "productivity_cpu_percent": "productivity.cpu", "productivity_wall_percent": "productivity.elapsed",
        "bound_task_count": "tasks.bound", "sparks_count": "sparks", "work_balance": "work_balance",
        "n_capabilities": "capabilities", "task_count": "tasks", "peak_worker_count": "workers.peak",
        "worker_count": "workers"}
TIME_KEYS = {"init": "init", "mutator": "mut", "mut": "mut", "GC": "gc", "exit": "exit", "rp": "retainer",
             "hc": "census", "total": "total"}
GEN_KEYS = {"collections": "collections", "par_collections": "par", "cpu_seconds": "cpu", "wall_seconds": "elapsed",
            "max_pause_seconds": "pause.max", "avg_pause_seconds": "pause.avg", "sync_spin": "sync_spin",
            "sync_yield": "sync_yield"}
HEADINGS = ("    Alloc    Copied     Live     GC     GC      TOT      TOT  Page Flts",
            "    bytes     bytes     bytes   user   elap     user     elap",
            "                                     Tot time (elapsed)  Avg pause  Max pause",
            "    SpinLock                               Spins        Yields")


def shown_value(text, is_percent=False):
    text = text.replace(",", "")
    if "n" in text:
        return "none"
    if is_percent:
        return f"{float(text) / 100:.9g}"
    return text if text.isdigit() and not text.startswith("0.") else f"{float(text):.9g}"


def readings(names, values):
    return "READINGS" + "".join(
        f"\t{name.rstrip('%')}={shown_value(value, name.endswith('%'))}" for name, value in zip(names, values))


def name_of_key(key):
    if key in KEYS:
        return KEYS[key]
    if m := re.fullmatch(r"(\w+?)_(cpu|wall)_seconds", key):
        if m[1] in TIME_KEYS:
            return f"{TIME_KEYS[m[1]]}.{'elapsed' if m[2] == 'wall' else 'cpu'}"
    if m := re.fullmatch(r"gen_(\d+)_(\w+)", key):
        return f"gen.{GEN_KEYS[m[2]]}[{m[1]}]"
    if m := re.fullmatch(r"nonmoving_(sync|concurrent)_(\w+)_(seconds)", key):
        what = {"wall": "elapsed", "cpu": "cpu", "max_pause": "pause.max", "avg_pause": "pause.avg"}[m[2]]
        return f"{m[1]}.{what}"
    if m := re.fullmatch(r"sparks_(\w+) ?", key):
        return f"sparks.{m[1]}"
    return f"counter[{key}]"


def counter_line(line):
    if m := re.fullmatch(r"gen\[(\d+)\]\.sync: (\d+)", line):
        return f"READINGS\tgen.sync_spin[{m[1]}]={m[2]}"
    if m := re.fullmatch(r"(gc_alloc_block_sync|whitehole_spin): (\d+)", line):
        return f"READINGS\tcounter[{m[1].replace('whitehole_spin', 'whitehole_gc_spin').removesuffix('_spin')}_spin]={m[2]}"
    if m := re.fullmatch(r"    gen\[(\d+)\]\.sync +(\d+) +(\d+)", line):
        return f"READINGS\tgen.sync_spin[{m[1]}]={m[2]}\tgen.sync_yield[{m[1]}]={m[3]}"
    if m := re.fullmatch(r"    (\w+) +(\d+) +(\d+|n/a)", line):
        second = "" if m[3] == "n/a" else f"\tcounter[{m[1]}_yield]={m[3]}"
        return f"READINGS\tcounter[{m[1]}_spin]={m[2]}{second}"
    if m := re.fullmatch(r"    (\w+_work) +(\d+)", line):
        return f"READINGS\tcounter[{m[1]}]={m[2]}"
    return None


def read_line(line, state):
    if m := re.fullmatch(r" *(\d+) +(\d+) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +(\d+) +(\d+)  \(Gen: +(\d+)\)",
                         line):
        state["gcs"] = True
        return "\t".join(["GC", m[10], *m.groups()[:9]])
    if state.get("gcs") and (m := re.fullmatch(r" *(\d+) {21,} *[\d.]+ +[\d.]+", line)):
        return f"LAST_ALLOC\t{m[1]}"
    if m := re.fullmatch(r"# sync +([\d.]+)", line):
        return f"SYNC\t{m[1]}"
    if line.startswith((' [("', ' ,("')):
        key, value = ast.literal_eval(line[2:].strip())
        return f"READINGS\t{name_of_key(key)}={shown_value(value)}"
    if line == " ]":
        return "LIST_END"
    if m := re.fullmatch(rf"  Gen +(\d+) +{INT} colls, +{INT} par +{DEC}s +{DEC}s +{DEC}s +{DEC}s", line):
        return readings([f"{name}[{m[1]}]" for name in GENERATION.split()], m.groups()[1:])
    if m := re.fullmatch(rf"  ([A-Za-z ]+?) +time +{DEC}s +\( *{DEC}s elapsed\)", line):
        return readings([f"{TIMES[m[1]]}.cpu", f"{TIMES[m[1]]}.elapsed"], m.groups()[1:])
    for pattern, names in LINES:
        if m := re.fullmatch(pattern, line):
            return readings(names.split(), m.groups())
    if line in HEADINGS or line.startswith("Internal Counters"):
        return "HEADING"
    return counter_line(line) or f"TEXT\t{shown(line.encode('latin-1'))}"


def reading(data):
    lines = data.decode("latin-1").split("\n")
    if lines[-1] == "":
        lines.pop()
    out, state = [], {}
    if lines and re.fullmatch(r"\S.* \+RTS (?:(?:'-[^']*'|-\S+) )*", lines[0]):
        out.append(f"COMMAND\t{shown(lines.pop(0).strip().encode('latin-1'))}")
    return out + [read_line(line, state) for line in lines]


def wanted(path, data):
    return path.suffix in (".stderr", ".stats") or re.fullmatch(r"stats-.*\.txt", path.name)


if __name__ == "__main__":
    run("rts_stats", reading, wanted)
