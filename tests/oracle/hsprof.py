# SPDX-License-Identifier: Apache-2.0
"""What the collector hsprof said of programs whose behaviour is known, as `live` printed it, against what must be true.

usage: hsprof.py whole FILE...            stacks in Haskell code were followed to their end
       hsprof.py each FILE WORDS_FILE            each line of words matches the stacks of some samples
       hsprof.py says FILE WORDS          some stack, root first and joined by `;`, matches the expression
       hsprof.py silent FILE WORDS        none does
       hsprof.py places FILE SOURCE       what the program says of its code is where SOURCE has it
       hsprof.py diag FILE CODE           a diag with that code
       hsprof.py fact FILE NAME VALUE     a fact
       hsprof.py shares FILE SAID POINTS  shares of alphaWork, betaWork and gammaWork are as the program says in that run
       hsprof.py lost FILE N SHARE        what found no room was counted: stored and lost are the N of a second but for a share
       hsprof.py account FILE SHARE              the profile's time is what the kernel says, but for a share of it
       hsprof.py time FILE NS SHARE       the profile's time is that of the clock, but for a share of it
"""
import json
import re
import sys

WHOLE = 0.95
ENOUGH = 100  # samples, for a share to mean anything
SOME = 10  # samples, that a stack is no accident
PARTS = ("alphaWork", "betaWork", "gammaWork")


def fail(sentence):
    print(sentence)
    sys.exit(1)


def lines_of(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return [json.loads(line) for line in file]


def weights(path, metric):
    return [(";".join(line["stack"]), line["self"]) for line in lines_of(path) if line.get("weight") == metric]


def walks(path):
    last = {}
    for line in lines_of(path):
        if line.get("number") == "ghc.profile.walks":
            last[line["attrs"]["code"], line["attrs"]["stack"]] = line["value"]
    return last


def ledger_holds(path):
    end = [line for line in lines_of(path) if "end" in line][0]
    if end["end"] == "failed" or end["read"] != end["stored"] + end["skipped"] + end["bad"] or end["lost"]:
        fail(f"{path}: {end}")
    stored = sum(n for _, n in weights(path, "ghc.profile.samples"))
    counted = sum(walks(path).values())
    if not end["stored"] == stored == counted:
        fail(f"{path}: stored {end['stored']} samples, weights say {stored}, walks {counted}")


def whole(paths):
    for path in paths:
        ledger_holds(path)
        seen = walks(path)
        haskell = sum(n for (code, _), n in seen.items() if code == "haskell")
        capped = seen.get(("haskell", "capped"), 0)
        good = seen.get(("haskell", "complete"), 0) + capped
        print(
            f"{path}: {good} of {haskell} samples in Haskell code whole, {capped} of them to the bound; "
            f"all: {sum(seen.values())}"
        )
        if haskell < ENOUGH:
            fail(f"{path}: only {haskell} samples in Haskell code")
        if good < WHOLE * haskell:
            fail(f"{path}: {good} of {haskell} are fewer than {WHOLE:.0%}")
        if seen.get(("haskell", "complete"), 0) == 0:
            fail(f"{path}: not one stack was followed to its end")


def each(path, words_path):
    with open(words_path, encoding="utf-8") as file:
        for words in file.read().split("\n")[:-1]:
            n = sum(n for _, n in found(path, words))
            print(f"{path}: {n} samples are {words}")
            if n < SOME:
                fail(f"{path}: fewer than {SOME} samples are {words}")


def found(path, words):
    return [(stack, n) for stack, n in weights(path, "ghc.profile.samples") if re.search(words, stack)]


def definitions(source):
    """Of each line of a module, the function at its left margin that it belongs to."""
    names, name = [None], None
    with open(source, encoding="utf-8") as file:
        for line in file:
            found = re.match(r"([a-z]\w*)\b", line)
            name = found.group(1) if found else name
            names.append(name)
    return names


def places(path, source):
    names, n_right, n_nowhere = definitions(source), 0, 0
    for line in lines_of(path):
        if line.get("weight") != "ghc.profile.samples" or line.get("module") != "Main":
            continue
        place = re.match(re.escape(source) + r":\(?(\d+)[,:]", line.get("src", ""))
        if not place:
            n_nowhere += line["self"]
        elif line["stack"][-1].split(".")[0] != names[int(place.group(1))]:
            fail(f"{path}: {line['stack'][-1]} is not at {line['src']}")
        else:
            n_right += line["self"]
    print(f"{path}: {n_right} samples of the module are where it has them, {n_nowhere} say not where")
    if n_right < ENOUGH or n_nowhere > (1 - WHOLE) * n_right:
        fail(f"{path}: too few say where they are")


def own_shares(path):
    total = dict.fromkeys(PARTS, 0)
    for stack, n in weights(path, "ghc.profile.samples"):
        for part in PARTS:
            if part in stack:
                total[part] += n
    if sum(total.values()) < 5 * ENOUGH:
        fail(f"{path}: only {total} samples")
    return {part: 100 * n / sum(total.values()) for part, n in total.items()}


def programs_shares(path):
    """A part and its nanoseconds are a line."""
    with open(path, encoding="utf-8") as file:
        total = {words[0]: int(words[1]) for words in map(str.split, file) if words[0] in PARTS}
    if sorted(total) != sorted(PARTS) or not all(total.values()):
        fail(f"{path}: no time of each of {PARTS}: {total}")
    return {part: 100 * ns / sum(total.values()) for part, ns in total.items()}


def shares(path, said, points):
    own, programs = own_shares(path), programs_shares(said)
    for part in PARTS:
        print(f"{part}: hsprof {own[part]:.1f} %, the program {programs[part]:.1f} %")
        if abs(own[part] - programs[part]) > points:
            fail(f"{path}: {part} differs by more than {points} points")


def stolen_ns(path):
    with open(path + ".stolen", encoding="utf-8") as file:
        return int(file.read())


def agree(path, sampled, expected, share, stolen):
    """But for the share, and for what may have been sampled while the machine's host had given it to others."""
    if not expected / (1 + share) <= sampled <= (1 + share) * expected + stolen:
        fail(f"{path}: {sampled} are not {expected}, and {stolen} more at the most")


def time(path, cpu_ns, share):
    spent = sum(n for _, n in weights(path, "ghc.profile.time"))
    print(f"{path}: {spent / 1e9:.3f} s of {cpu_ns / 1e9:.3f} s, {stolen_ns(path) / 1e9:.3f} s stolen")
    agree(path, spent, cpu_ns, share, stolen_ns(path))


def account(path, share):
    spent = sum(n for _, n in weights(path, "ghc.profile.time"))
    said = [line["value"] for line in lines_of(path) if line.get("number") == "ghc.profile.cpu"]
    print(f"{path}: {spent / 1e9:.3f} s were sampled, {(said[-1] - said[0]) / 1e9:.3f} s accounted in {len(said)} readings")
    if len(said) < 5 or said != sorted(said):
        fail(f"{path}: {said}")
    agree(path, spent, said[-1] - said[0], share, stolen_ns(path))


def lost(path, expected, share):
    end = [line for line in lines_of(path) if "end" in line][0]
    counted = [line["value"] for line in lines_of(path) if line.get("number") == "weir.lost" and line["value"]]
    print(f"{path}: {end['stored']} stored, {end['lost']} lost")
    if not end["lost"] or end["reasons"]["lost"].get("samples_full") != end["lost"] or counted[-1:] != [end["lost"]]:
        fail(f"{path}: {end}, {counted}")
    agree(path, end["stored"] + end["lost"], expected, share, expected * stolen_ns(path) / 1e9)


def main():
    what, path = sys.argv[1], sys.argv[2]
    if what == "whole":
        whole(sys.argv[2:])
    elif what == "each":
        each(path, sys.argv[3])
    elif what == "places":
        places(path, sys.argv[3])
    elif what == "says" and not found(path, sys.argv[3]):
        fail(f"{path}: no stack is like {sys.argv[3]}")
    elif what == "silent" and found(path, sys.argv[3]):
        fail(f"{path}: {found(path, sys.argv[3])[0][0]}")
    elif what == "diag" and not [line for line in lines_of(path) if line.get("diag") == sys.argv[3]]:
        fail(f"{path}: no diag {sys.argv[3]}")
    elif what == "fact" and not [
        line for line in lines_of(path) if line.get("fact") == sys.argv[3] and line["value"] == sys.argv[4]
    ]:
        fail(f"{path}: {sys.argv[3]} is not {sys.argv[4]}")
    elif what == "shares":
        shares(path, sys.argv[3], float(sys.argv[4]))
    elif what == "lost":
        lost(path, float(sys.argv[3]), float(sys.argv[4]))
    elif what == "account":
        account(path, float(sys.argv[3]))
    elif what == "time":
        time(path, float(sys.argv[3]), float(sys.argv[4]))


main()
