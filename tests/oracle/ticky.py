# SPDX-License-Identifier: Apache-2.0
"""A second reading of ticky reports: by sections, split at their rules; rows by fixed columns of the heading."""
import re

from corpus import run, shown

SUMS = [
    ("ENTERS: N +of which N \\(P%\\) direct to the entry code", "enters enters.direct"),
    ("FUNCTION ENTRIES: N", "function_entries"),
    ("TAIL CALLS: N, of which N \\(P%\\) were to known functions", "tail_calls tail_calls.known"),
    ("SLOW APPLICATIONS: N evaluated, N unevaluated", "slow_applications slow_applications.unevaluated"),
    ("   FUN +N +N +N", "slow_applications.fun.too_few slow_applications.fun.correct slow_applications.fun.too_many"),
    ("   PAP +N +N +N", "slow_applications.pap.too_few slow_applications.pap.correct slow_applications.pap.too_many"),
    ("RETURNS: N", "returns"),
    (" *N \\( *P%\\) from entering a new constructor", "returns.new"),
    ("UPDATE FRAMES: N \\(N omitted from thunks\\)", "update_frames update_frames.omitted"),
    ("CATCH FRAMES: +N", "catch_frames"),
    ("UPDATES: N", "updates"),
    (" *N \\( *P%\\) updates by squeezing", "updates.squeezing"),
    ("NEW GEN UPDATES: +N \\( *P%\\)", "updates.new_generation"),
    ("OLD GEN UPDATES: +N \\( *P%\\)", "updates.old_generation"),
    ("TOTAL TAG PREDICTIONS MADE: +N ", "tag_predictions"),
    ("TAGGED PREDICTIONS HIT: +N ", "tag_predictions.tagged_hit"),
    ("UNTAGGED PREDICTIONS HIT: +N ", "tag_predictions.untagged_hit"),
    ("UNTAGGED PREDICTIONS MISS: +N ", "tag_predictions.untagged_miss"),
]
INSIDE = {
    "ENTERS": [(" *N \\( *P%\\) thunks", "enters.thunks"), (" *N \\( *P%\\) data values", "enters.data_values"),
               (" *N \\( *P%\\) normal indirections", "enters.indirections"),
               (" *N \\( *P%\\) permanent indirections", "enters.permanent_indirections")],
    "UPDATES": [(" *N \\( *P%\\) data values\n.*\\[N in place, N allocated new space\\]",
                 "updates.data_values|updates.data_values.in_place updates.data_values.new_space"),
                (" *N \\( *P%\\) partial applications\n.*\\[N in place, N allocated new space\\]",
                 "updates.partial_applications|updates.partial_applications.in_place "
                 "updates.partial_applications.new_space")],
}


def regex(pattern):
    return re.compile(re.sub(r"\bN\b", r"(\\d+)", pattern).replace("P%", r"[\d.]+%"))


def said(names, values):
    return "SUMS" + "".join(f"\t{n}={int(v)}" for n, v in zip(names.split(), values))


def sum_lines(text):
    """Line number -> what it says."""
    out = {}
    for pattern, names in SUMS:
        for m in re.finditer("^" + regex(pattern).pattern + "$", text, re.M):
            out[text.count("\n", 0, m.start())] = said(names, m.groups())
    for section, patterns in INSIDE.items():
        start = re.search(f"^{section}:", text, re.M)
        if not start:
            continue
        body = text[start.start():].split("\n\n")[0]
        for pattern, names in patterns:
            m = re.search("^" + regex(pattern).pattern + "$", body, re.M)
            if m:
                first, _, rest = names.partition("|")
                line = text.count("\n", 0, start.start() + m.start())
                out[line] = said(first, m.groups()[:1])
                if rest:
                    out[line + 1] = said(rest, m.groups()[1:])
    return out


def row(line, heading):
    ends = [heading.index(w) + len(w) for w in ("Entries", "Alloc ", "Alloc'd")]
    ends[1] -= 1
    numbers = [int(line[a:b]) for a, b in zip([0] + ends, ends)]
    arity, _, arguments = line[ends[2]:heading.index("STG Name")].strip().partition(" ")
    name = line[heading.index("STG Name"):]
    closure = re.match(r"[^{]*(\{[^}]*\})?", name)[0]
    m = re.match(r"[^{]*\{[^}]*\} \(((?:[A-Z]|\S*:)[^ ,)]*)\)", name)
    n = re.match(r"((?:[a-z][\w@.-]*:)?:?(?:[A-Z][\w']*\.)+)", closure)
    module = m[1] if m else n[1][:-1] if n else ""
    parts = [str(x) for x in numbers] + [arity, arguments.strip(), name, closure, module]
    return "ROW\t" + "\t".join(shown(p.encode("latin-1")) for p in parts)


def reading(data):
    text = data.decode("latin-1")
    out, lines = [], text.split("\n")[:-1]
    heading = next(i for i, line in enumerate(lines) if "STG Name" in line)
    rows_end = next(i for i, line in enumerate(lines) if i > heading and "****" in line)
    sums = sum_lines("\n".join(lines[:heading]))
    for i, line in enumerate(lines):
        if i == 0 and "+RTS" in line:
            out.append("COMMAND\t" + shown(line.strip().encode("latin-1")))
        elif i in sums:
            out.append(sums[i])
        elif heading + 1 < i < rows_end and line:
            out.append(row(line, lines[heading]))
        elif i > rows_end:
            value, _, name = line.strip().partition(" ")
            excuse = " requires +RTS -Z"
            out.append(f"COUNTER\t{name.removesuffix(excuse)}" + ("" if name.endswith(excuse) else f"\t{value}"))
        else:
            out.append("HEADING" if line else "TEXT\t")
    return out


def wanted(path, data):
    return path.suffix == ".ticky" or path.name.startswith("ticky") and path.suffix == ".out"


if __name__ == "__main__":
    run("ticky", reading, wanted)
