#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A manual page: page.py WEIR SCDOC SECTION BODY > PAGE, where BODY is weir.scd, weir-VERB.scd or a page of section 7.

What the program knows of itself is asked of it, so that page and program cannot disagree: of a verb its summary, its
synopsis and its options (the line @OPTIONS@), of weir its verbs (the line @VERBS@).
"""

import os
import re
import subprocess
import sys


def escaped(text):
    return re.sub(r"([\\_*`])", r"\\\1", text)


def ask(weir, *words):
    return subprocess.run([weir, *words], check=True, capture_output=True, text=True).stdout


def table(weir):
    """Rows (verb, option, argument, help); a verb's own row has no option."""
    return [line.split("\t") for line in ask(weir, "help", "--complete").splitlines()]


def options(rows, verb):
    """A paragraph an option; a letter is the same option as the name before it."""
    merged = []
    for v, option, argument, text in rows:
        if v != verb or not option:
            continue
        if not option.startswith("--") and merged:
            merged[-1][0].insert(0, option)
        else:
            merged.append(([option], argument, text))
    if ["--help"] in [m[0] for m in merged]:
        merged[[m[0] for m in merged].index(["--help"])][0].insert(0, "-h")
    lines = []
    for names, argument, text in merged:
        head = ", ".join(f"*{n}*" for n in names) + (f" {escaped(argument)}" if argument else "")
        lines += [head, f"\t{escaped(text[:1].upper() + text[1:])}.", ""]
    return "# OPTIONS\n\n" + "\n".join(lines)


def verbs(rows):
    return "\n".join(f"*weir-{v}*(1)\n\t{escaped(text[:1].upper() + text[1:])}.\n" for v, option, _, text in rows if not option)


def page(weir, section, path):
    name = os.path.basename(path).removesuffix(".scd")
    with open(path, encoding="utf-8") as f:
        body = f.read()
    if section != "1":
        return f"{name}({section})\n\n{body}"
    rows = table(weir)
    if name == "weir":
        return f"weir(1)\n\n{body}".replace("@VERBS@", verbs(rows))
    verb = name.removeprefix("weir-")
    summary = next(text for v, option, _, text in rows if v == verb and not option)
    usage = ask(weir, "help", verb).splitlines()[0].removeprefix("usage: ")
    head = f"{name}(1)\n\n# NAME\n\n{name} - {escaped(summary)}\n\n# SYNOPSIS\n\n{escaped(usage)}\n\n"
    return head + body.replace("@OPTIONS@", options(rows, verb)) + "\n# SEE ALSO\n\n*weir*(1)\n"


def main(weir, scdoc, section, path):
    done = subprocess.run([scdoc], input=page(weir, section, path), check=True, capture_output=True, text=True)
    sys.stdout.write(done.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
