#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Streams into `weir ingest`: standard input, a named pipe, sockets, a file that grows. What is in the store at the end is
what the file alone leaves there; what a killed weir had is kept, partial: stream.py WEIR EVENTLOG"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

weir, log = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
data = open(log, "rb").read()
PIECES = 7


def ask(store, sql):
    p = subprocess.run([weir, "sql", "--json", store, sql], capture_output=True, text=True)
    return json.loads(p.stdout) if p.returncode == 0 else None


def told(store):
    source = ask(store, "select collector, status, read, stored, skipped, bad, lost, sha256 from sources")
    numbers = ask(store, "select metric, attrs, t_ns, value from numbers order by 1, 2, 3, 4")
    spans = ask(store, "select metric, attrs, t_ns, dur_ns, track, value from spans order by 1, 2, 3, 4, 5, 6")
    return source, numbers, spans


def until(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        got = what()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError("it never came")


def start(*args, **kw):
    return subprocess.Popen([weir, "ingest", "-q", *args], stderr=subprocess.PIPE, text=True, **kw)


def end(p, code=0):
    err = p.communicate(timeout=60)[1]
    assert p.returncode == code, (p.returncode, err)
    return err


def pieces():
    step = len(data) // PIECES + 1
    return [data[i:i + step] for i in range(0, len(data), step)]


def feed(write, close):
    for piece in pieces():
        write(piece)
        time.sleep(0.05)
    close()


os.chdir(tempfile.mkdtemp())
subprocess.run([weir, "ingest", "-q", "-o", "file.weir", log], check=True)
whole = told("file.weir")
assert whole[0][0]["status"] == "ok" and len(whole[1]) > 10 and len(whole[2]) > 0, whole[0]


def same(name):
    got = told(name)
    assert got[0] == whole[0], (name, got[0], whole[0])
    assert got[1:] == whole[1:], name


p = start("-", "-o", "stdin.weir", stdin=subprocess.PIPE)
feed(lambda b: (p.stdin.buffer.write(b), p.stdin.buffer.flush()), p.stdin.close)
p.stdin = None
end(p)
same("stdin.weir")

os.mkfifo("pipe.eventlog")
p = start("pipe.eventlog", "-o", "pipe.weir")
fd = os.open("pipe.eventlog", os.O_WRONLY)
feed(lambda b: os.write(fd, b), lambda: os.close(fd))
end(p)
same("pipe.weir")

for kind, at in (("unix", "program.socket"), ("tcp", ("127.0.0.1", 0))):
    server = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    server.bind(at)
    server.listen()
    name = at if kind == "unix" else "tcp:127.0.0.1:%d" % server.getsockname()[1]

    def serve():
        peer = server.accept()[0]
        feed(peer.sendall, peer.close)

    thread = threading.Thread(target=serve)
    thread.start()
    p = start(name, "-o", kind + ".weir")
    end(p)
    thread.join()
    same(kind + ".weir")

# A file that grows: what came is in the store while it grows, and Ctrl-C ends it with all that is there.
grows = open("grows.eventlog", "wb", buffering=0)
p = start("--follow", "grows.eventlog", "-o", "grows.weir")
time.sleep(0.3)
half = sum(len(x) for x in pieces()[:4])
grows.write(data[:half])
seen = until(lambda: (ask("grows.weir", "select status, read from sources where read > 0") or None))
assert seen[0]["status"] == "partial" and 0 < seen[0]["read"] < whole[0][0]["read"], seen
assert ask("grows.weir", "select code from diags where code = 'host.unfinished'"), "it is not said to be unfinished"
grows.write(data[half:])
time.sleep(0.2)
p.send_signal(signal.SIGINT)
end(p)
same("grows.weir")
assert not ask("grows.weir", "select code from diags where code = 'host.unfinished'")

# Killed: what had come is kept, and the next writer leaves it there.
half_log = open("killed.eventlog", "wb", buffering=0)
half_log.write(data[:half])
p = start("--follow", "killed.eventlog", "-o", "killed.weir")
seen = until(lambda: (ask("killed.weir", "select read from sources where read > 0") or None))
p.kill()
p.communicate()
subprocess.run([weir, "ingest", "-q", "-o", "killed.weir", "--run", "other", log], check=True)
kept = ask("killed.weir", "select status, read from sources where path = 'killed.eventlog'")
assert kept and kept[0]["status"] == "partial" and kept[0]["read"] >= seen[0]["read"], kept

# It stops by itself after a time, also when nothing came; and what is nobody's is said.
open("empty.eventlog", "wb").close()
assert "nothing came of it" in end(start("--follow", "--for", "0.3", "empty.eventlog", "-o", "empty.weir"), 3)
p = start("--follow", "--for", "1", "grows.eventlog", "-o", "for.weir")
end(p)
same("for.weir")
p = start("-", "-o", "none.weir", stdin=subprocess.PIPE)
p.stdin.write("no format at all\n")
p.stdin.close()
p.stdin = None
assert "no collector knows" in end(p, 3)
assert not os.path.exists("none.weir")
end(start("-", "x", "-o", "none.weir", "--follow"), 2)
assert "tcp:" in end(start("tcp:127.0.0.1:1", "-o", "none.weir"), 1)

# Who doesn't answer is not waited for: with a full queue a listener's kernel drops what knocks.
deaf = socket.socket()
deaf.bind(("127.0.0.1", 0))
deaf.listen(0)
knocking = [socket.socket() for _ in range(4)]
for s in knocking:
    s.setblocking(False)
    s.connect_ex(deaf.getsockname())
began = time.monotonic()
assert "timed out" in end(start("tcp:127.0.0.1:%d" % deaf.getsockname()[1], "-o", "none.weir"), 1)
assert 1 < time.monotonic() - began < 30
print("six ways, one store")
