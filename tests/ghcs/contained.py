# SPDX-License-Identifier: Apache-2.0
"""Runs a command as a container does: with a root that fetch made and nothing else, in a mount namespace of its own, the
working folder at /mnt. usage: contained.py ROOT COMMAND...
"""
import ctypes
import os
import sys

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x1000, 0x4000, 0x40000, 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


root = os.path.realpath(sys.argv[1]).encode()
must(libc.unshare(CLONE_NEWNS))
must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
must(libc.mount(root, root, None, MS_BIND | MS_REC, None))
must(libc.mount(os.getcwdb(), root + b"/mnt", None, MS_BIND | MS_REC, None))
os.chdir(root)
must(libc.syscall(SYS_PIVOT_ROOT, b".", b"."))
must(libc.umount2(b".", MNT_DETACH))
os.chdir("/mnt")
os.execv(sys.argv[2], sys.argv[2:])
