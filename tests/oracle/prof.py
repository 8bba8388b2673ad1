#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reading of cost-centre profiles, compared record by record with ours.

Text is cut at the columns of its head lines, numbers too, from the left: every field has its width and nothing is read
from the right. JSON goes through Python's reader, after the strings that GHC left unescaped have been escaped.

usage: prof.py DUMP DIR      DUMP: the program that prints our reading; DIR: a folder with .prof files
"""
import json
import pathlib
import re
import subprocess
import sys


def shown(text):
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(c) if 0x20 <= c <= 0x7E and c != 0x5C else f"\\x{c:02x}" for c in data)


def line_of(*fields):
    return "\t".join(str(f) for f in fields)


def tenths(text):
    assert re.fullmatch(r" *\d+\.\d", text), text
    return int(text.replace(".", ""))


def retainers(text):
    out = []
    census = r"Retainer Profiling: (\d+), at (-?\d+)\.(\d{6}) seconds\n(?:\tMax auxiliary stack size = (\d+)\n)?"
    census += r"\tAverage number of visits per object = (\d+)\.(\d{6})\n"
    end = 0
    for m in re.finditer(census, text):
        if m.start() != end:
            break
        end = m.end()
        stack = [int(m[4])] if m[4] else []
        out.append(line_of("CENSUS", int(m[1]), int(m[2] + m[3]), int(m[5] + m[6]), *stack))
    return out, text[end:]


def centre_of(name):
    m = re.fullmatch(r"((?:[A-Z][\w']*\.)*[A-Z][\w']*)\.(.+)", name, re.S)
    return f"{shown(m[1])}|{shown(m[2])}"


def sets(text):
    out = []
    for line in text.splitlines():
        m = re.fullmatch(r"SET (\d+) = \{(.*)\}", line)
        stacks = ["<" + " ".join(centre_of(n) for n in s.split(",") if n) + ">" for s in m[2][1:-1].split(">, <")]
        out.append(line_of("SET", int(m[1]), *stacks))
    return out


def header_of(text):
    """The top table is the last thing with a head before the tree's; the totals are the last before that."""
    tree = re.search(r"^COST CENTRE +MODULE.* no\. ", text, re.M).start()
    at = [m.start() for m in re.finditer(r"^COST CENTRE +MODULE", text[:tree], re.M)][-1]
    above, head = text[:at], text[at:text.index("\n", at)]
    date, rest = re.fullmatch(r"\t(.{20,24}) Time and Allocation Profiling Report  \(Final\)\n\n\t   (.*)", above, re.S).groups()
    program, totals = rest[: rest.rindex("\n\n\ttotal time")], rest[rest.rindex("\ttotal time"):]
    m = re.fullmatch(r"(.*?) \+RTS(.*?) -RTS(.*)", program, re.S)
    n = re.fullmatch(r"\ttotal time  = +(\d+)\.(\d\d) secs   \((\d+) ticks @ (\d+) us, (\d+) processors?\)\n"
                     r"\ttotal alloc = +([\d,]+) bytes.*\n\n", totals)
    out = line_of("HEADER", date, shown(m[1]), shown(m[2][1:]), shown(m[3][1:]), int(n[1] + n[2]), int(n[3]), int(n[4]),
                  int(n[6].replace(",", "")), int(n[5]))
    return out, head, int(n[3]), int(n[6].replace(",", ""))


class Misfit(Exception):
    pass


def rows_of(text, head, is_tree):
    """Cuts rows at fixed columns. Yields (fields, bytes used); raises Misfit where the text doesn't fit."""
    module, source, time = head.index(" MODULE ") + 1, head.find(" SRC ") + 1, head.index("%time")
    has_costs = head.endswith("bytes")
    lines = text.splitlines(keepends=True)
    depth, i, used = -1, 0, 0
    end_of_entries = head.index("entries") + 7 if is_tree else 0
    while i < len(lines):
        if lines[i] == "\n" and not (i + 1 < len(lines) and not is_tree and lines[i + 1].strip()):
            break
        row = lines[i]
        while len(row) < module + 8 and i + 1 < len(lines):
            i += 1
            row += lines[i]
        i += 1
        row = row.rstrip("\n")
        try:
            if is_tree:
                shares_at = time - 2 - (not re.match(r"\d  ", row[end_of_entries - 1:]))
                shift = shares_at - (time - 2)
                ids = head.index("no.") if source else head.index("no.") - 3
                id_end = end_of_entries - 12
                number, entries = row[ids:id_end], row[id_end:end_of_entries + shift]
                shares = re.match(r"  (.{5})  (.{5})   (.{5})  (.{5})", row[shares_at:]).groups()
                costs = row[shares_at + 31 - 2:].split() if has_costs else []
                texts_end = ids
            else:
                shares = re.match(r"(.{6}) (.{6})", row[time - 1:]).groups()
                costs = row[time - 1 + 13:].split() if has_costs else []
                texts_end = time - 1
            label, mod = row[:module], row[module:source or texts_end]
            src = row[source:texts_end] if source else ""
            if row[module - 1] != " " or row[module] == " " or (source and (row[source - 1] != " " or " " in mod.rstrip())):
                raise Misfit
            fields = [label.strip(" "), mod.rstrip(), src.rstrip()]
            numbers = [tenths(s) for s in shares] + [int(c) for c in costs]
            if is_tree:
                numbers = [int(number), int(entries)] + numbers
        except (AssertionError, AttributeError, ValueError, IndexError):
            raise Misfit
        if is_tree:
            own = len(label) - len(label.lstrip(" "))
            guess = "" if fields[0] else "?"
            own = own if fields[0] else depth + 1
            if own > depth + 1:
                raise Misfit
            depth = own
            yield line_of("ROW", f"{own}{guess}", *map(shown, fields), *numbers), numbers
        else:
            yield line_of("TOP", *map(shown, fields), *numbers), numbers


def check_sums(path, rows, ticks, alloc):
    if rows and len(rows[0]) > 6:
        assert (sum(r[-2] for r in rows), sum(r[-1] for r in rows)) == (ticks, alloc), f"{path}: sums"


def text_reading(path, text):
    out, text = retainers(text)
    if text.startswith("\t"):
        header, head, ticks, alloc = header_of(text)
        out.append(header)
        top, band, head2, tree = re.split(r"\n( +individual +inherited)\n(COST CENTRE.*)\n\n", text, maxsplit=1)
        out += [line for line, _ in rows_of(top[top.rindex(head) + len(head) + 2:], head, False)]
        out.append("TREE")
        rows = []
        try:
            for line, numbers in rows_of(tree, head2, True):
                out.append(line)
                rows.append(numbers)
        except Misfit:
            return out, False
        check_sums(path, rows, ticks, alloc)
        text = tree[tree.rindex("\n\n") + 1:] if "\n\n" in tree else ""
    if text:
        out += sets(text.removeprefix("\nRetainer sets created during profiling:\n"))
    return out + ["END"], True


def repaired(string):
    """A string as GHC wrote it to 9.4, as JSON wants it."""
    string = re.sub(r'\\(.)', lambda m: m[0] if m[1] in '\\n' else "\\\\" + m[1], string)
    return re.sub(r'(?<!\\)"', r'\\"', string.replace("\t", "\\t").replace("\n", "\\n"))


def escaped(text):
    text = re.sub(r'("label": ")(.*?)(", "module": )', lambda m: m[1] + repaired(m[2]) + m[3], text, flags=re.S)
    start, arguments, rest = re.split(r'(?<="arguments": \[")(.*?)(?="\],\n"rts_arguments)', text, maxsplit=1, flags=re.S)
    return start + '", "'.join(map(repaired, arguments.split('", "'))) + rest


def is_json(text):
    return retainers(text)[1].startswith("{")


def json_reading(text):
    out, text = retainers(text)
    text, _, behind = text.partition("\n}\n\nRetainer sets created during profiling:\n")
    text += "\n}" if behind else ""
    try:
        doc = json.loads(text)
    except json.JSONDecodeError:
        doc = json.loads(escaped(text))
    lists = ["[" + ",".join(map(shown, doc[k])) + "]" for k in ("arguments", "rts_arguments")]
    out += [line_of("HEADER", shown(doc["program"]), *lists, doc["end_time"], doc["initial_capabilities"],
                    round(doc["total_time"] * 100), doc["total_ticks"], doc["tick_interval"], doc["total_alloc"])]
    for c in doc["cost_centres"]:
        out.append(line_of("CENTRE", c["id"], shown(c["label"]), shown(c["module"]), shown(c["src_loc"]), int(c["is_caf"])))
    todo = [(0, doc["profile"])]
    ticks = alloc = 0
    while todo:
        depth, s = todo.pop()
        out.append(line_of("STACK", depth, s["id"], s["entries"], s["alloc"], s["ticks"]))
        ticks, alloc = ticks + s["ticks"], alloc + s["alloc"]
        todo += [(depth + 1, c) for c in reversed(s["children"])]
    assert (ticks, alloc) == (doc["total_ticks"], doc["total_alloc"]), "sums"
    return out + sets(behind) + ["END"], True


def main():
    dump, root = sys.argv[1:]
    files = sorted(pathlib.Path(root).rglob("*.prof"))
    n_rows = n_partial = 0
    for path in files:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        ours = subprocess.run([dump, "prof_json" if is_json(text) else "prof", path], capture_output=True, check=True)
        ours = ours.stdout.decode().splitlines()
        theirs, is_whole = json_reading(text) if is_json(text) else text_reading(path, text)
        n_rows += sum(line.startswith(("ROW", "STACK", "TOP")) for line in theirs)
        n_partial += not is_whole
        if not is_whole:
            assert ours[len(theirs)].startswith("BAD\tprof.") and ours[-2].startswith("STALE"), path
            ours = ours[: len(theirs)]
        for i, (a, b) in enumerate(zip(ours + [None], theirs + [None])):
            if a != b:
                sys.exit(f"{path}: record {i}: ours {a!r}, the other {b!r}")
    print(f"{len(files)} files ({n_partial} with stale tails), {n_rows} rows: the two readings agree")
    return 0 if n_rows else 1


if __name__ == "__main__":
    if not pathlib.Path(sys.argv[2]).is_dir():
        print(f"skipped: {sys.argv[2]} is not here")
        sys.exit(77)
    sys.exit(main())
