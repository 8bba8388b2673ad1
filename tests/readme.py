#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a page's examples are true: readme.py WEIR PAGE [--rewrite].

Runs the `$ command` lines of every ```console block of the page, in order, in a temporary folder that looks like the
top of the tree, and compares what they print with what the page says. How long weir took and how fast it was may
differ; a line `…` stands for any number of lines. With --rewrite the page gets what was printed; where it has a `…`, only
the lines before the first one are renewed.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile

SPEED = re.compile(r"(?<=\bin )\d[\d.,]*( ?)(ns|us|ms|s|min)\b|\d[\d.,]*( ?)([kMGT]?i?B/s)\b")


def blocks(lines):
    """(first line, last line) of each console block, without its fences."""
    start = None
    for i, line in enumerate(lines):
        if start is None and line.rstrip() == "```console":
            start = i + 1
        elif start is not None and line.rstrip() == "```":
            yield start, i
            start = None


def steps(lines):
    """(command, expected lines) of a block."""
    found = []
    for line in lines:
        if found and not found[-1][1] and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0] + "\n" + line.rstrip("\n"), [])
        elif line.startswith("$ "):
            found.append((line[2:].rstrip("\n"), []))
        else:
            found[-1][1].append(line.rstrip("\n"))
    return found


def run(command, folder, weir):
    env = {**os.environ, "PATH": os.path.dirname(weir) + ":" + os.environ["PATH"], "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [line.rstrip() for line in done.stdout.splitlines()]


def plain(line):
    return SPEED.sub("#", line.rstrip())


def agree(expected, got):
    """Line by line; `…` matches as few lines as it can."""
    if not expected:
        return not got
    if expected[0].strip() == "…":
        return any(agree(expected[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and plain(expected[0]) == plain(got[0]) and agree(expected[1:], got[1:])


def look_alike(folder, weir, top):
    """A folder with the tree's top in it, where `./build/weir` is the program under test and nothing else is shared."""
    for name in os.listdir(top):
        if name not in ("build", ".git"):
            os.symlink(os.path.join(top, name), os.path.join(folder, name))
    os.symlink(os.path.dirname(weir), os.path.join(folder, "build"))


def main(weir, page, rewrite=None):
    weir, page = os.path.realpath(weir), os.path.realpath(page)
    with open(page, encoding="utf-8") as f:
        lines = f.readlines()
    new, done, failed, n = [], 0, 0, 0
    top = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    with tempfile.TemporaryDirectory() as folder:
        look_alike(folder, weir, top)
        for start, end in blocks(lines):
            new += lines[done:start]
            for command, expected in steps(lines[start:end]):
                n += 1
                got = run(command, folder, weir)
                if not agree(expected, got):
                    failed += 1
                    print(f"{os.path.basename(page)}: $ {command}: prints something else")
                    print("\n".join(difflib.unified_diff(expected, got, "page", "program", lineterm="")))
                cut = [line.strip() for line in expected].index("…") if "…" in map(str.strip, expected) else None
                new += [f"$ {command}\n"] + [line + "\n" for line in (got if cut is None else got[:cut] + expected[cut:])]
            done = end
    if rewrite == "--rewrite":
        with open(page, "w", encoding="utf-8") as f:
            f.writelines(new + lines[done:])
        return 0
    print(f"{n} commands, {failed} of them print something else than the page says")
    return 1 if failed or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
