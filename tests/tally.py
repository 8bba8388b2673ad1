#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests of some build folders said: tally.py BUILD...

Counts single tests, not binaries, where a binary tells them apart as cmocka does. Lists what was skipped and why, what
failed, and ends with the line `N passed, N failed, N skipped`. Fails when something failed or nothing ran.
"""

import json
import os
import re
import sys

MARK = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] ([A-Za-z_]\w*)$")


def cmocka(text):
    """(test, outcome, reason) of each test that a cmocka binary ran."""
    done, said = [], []
    for line in text.splitlines():
        mark = MARK.match(line)
        if not mark:
            said.append(line.strip())
            continue
        word, name = mark.groups()
        if word == "RUN":
            said = []
        elif (name, word) not in [(n, w) for n, w, _ in done]:  # the summary names failures a second time
            done.append((name, word, " ".join(filter(None, said))))
    return done


def entries(build):
    path = os.path.join(build, "meson-logs", "testlog.json")
    try:
        with open(path, encoding="utf-8") as log:
            return [json.loads(line) for line in log]
    except FileNotFoundError:
        print(f"{path}: no tests ran")
        return None


def outcomes(entry):
    """(test, outcome, reason) of one binary or script."""
    text = entry.get("stdout", "") + "\n" + entry.get("stderr", "")
    result = entry["result"]
    single = cmocka(text)
    if result == "SKIP":
        lines = [line for line in text.splitlines() if line.strip()]
        return [("", "SKIPPED", lines[-1].strip() if lines else "no reason given")]
    if result == "OK":
        return single or [("", "OK", "")]
    failed = [s for s in single if s[1] == "FAILED"]
    return single if failed else single + [("", "FAILED", f"{result.lower()} (exit {entry.get('returncode')})")]


def main(builds):
    count = {"OK": 0, "FAILED": 0, "SKIPPED": 0}
    lost = False
    for build in builds:
        log = entries(build)
        lost |= not log
        for entry in log or []:
            for test, outcome, reason in outcomes(entry):
                count[outcome] += 1
                if outcome != "OK":
                    where = ": ".join(filter(None, [build, entry["name"], test]))
                    print(f"{outcome.lower()}: {where}: {reason or 'no reason given'}")
    print(f"{count['OK']} passed, {count['FAILED']} failed, {count['SKIPPED']} skipped")
    return 1 if lost or count["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
