#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`weir record` and `weir attach` on a terminal: the live line, and Ctrl-C, which reaches the program and not the
recording: record_terminal.py WEIR FOLDER-OF-FIXTURES"""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile

weir, fixtures = map(os.path.abspath, sys.argv[1:3])
work = tempfile.mkdtemp()
os.chdir(work)
os.mkdir("plugins")
shutil.copy(f"{fixtures}/well-behaved-live.so", "plugins")
os.environ["WEIR_PLUGIN_PATH"] = f"{work}/plugins"
# A shell that starts tests in the background has them ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.SIG_DFL)
LINE = re.compile(rb"\rrecording: ([0-9.]+) (m?s), 2 sources\x1b\[K")


def on_terminal(*arguments):
    """Runs it, presses Ctrl-C once three live lines were seen; its exit code and all that the terminal showed."""
    try:
        pid, terminal = pty.fork()
    except OSError as why:
        print(f"skipped: no terminal can be made here: {why}")
        sys.exit(77)
    if pid == 0:
        os.execv(weir, [weir, *arguments])
    shown, has_pressed = b"", False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not has_pressed and len(LINE.findall(shown)) >= 3:
            os.write(terminal, b"\x03")
            has_pressed = True
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def statuses(store):
    p = subprocess.run([weir, "sql", "--json", store, "select distinct status from sources"], capture_output=True, check=True)
    return [row["status"] for row in json.loads(p.stdout)]


live = ["-c", "well-behaved-live", "--interval", "50ms"]
code, shown = on_terminal("record", *live, "-o", "a.weir", "--", "sh", "-c",
                          "trap 'echo caught; exit 9' INT; while :; do sleep 0.05; done")
assert code == 9, (code, shown)
assert shown.count(b"caught") == 1, shown
assert statuses("a.weir") == ["ok"], statuses("a.weir")
spans = [float(n) / (1000 if unit == b"ms" else 1) for n, unit in LINE.findall(shown)]
assert spans == sorted(spans), spans
# The line is gone before anything else is said.
assert re.search(rb"\x1b\[K[^\r]*\r\x1b\[Ka.weir: 2 live sources; ", shown[shown.rindex(b"recording:"):]), shown

# A program that ignores Ctrl-C goes on being measured.
code, shown = on_terminal("record", *live, "-o", "b.weir", "--", "sh", "-c",
                          "trap 'echo caught' INT; for i in $(seq 60); do sleep 0.05; done; exit 4")
assert code == 4 and shown.count(b"caught") == 1, (code, shown)
assert statuses("b.weir") == ["ok"], statuses("b.weir")

# Attached, it ends the recording, and leaves the process alone.
target = subprocess.Popen(["sleep", "60"], start_new_session=True)
code, shown = on_terminal("attach", str(target.pid), *live, "-o", "c.weir")
assert code == 0, (code, shown)
assert target.poll() is None
target.kill()
assert statuses("c.weir") == ["ok"], statuses("c.weir")

# Quiet is quiet, on a terminal too.
pid, terminal = pty.fork()
if pid == 0:
    os.execv(weir, [weir, "record", "-q", *live, "-o", "d.weir", "--", "sleep", "1"])
shown = b""
try:
    while piece := os.read(terminal, 4096):
        shown += piece
except OSError:
    pass
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert shown == b"", shown
shutil.rmtree(work)
print("record on a terminal: all as it should be")
