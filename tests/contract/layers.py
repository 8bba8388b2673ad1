#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: layers.py ROOT. Reads every #include of every folder and compares it with the table below. With
--self-test it shows on a small tree of its own that each kind of offence is seen.
"""

import os
import re
import sys
import tempfile

# Headers of libraries, by the library. What is in none of them is libc's or the kernel's.
LIBRARIES = {
    "jansson": r"jansson\.h",
    "sqlite3": r"sqlite3(ext)?\.h",
    "zstd": r"zstd\.h",
    "crypto": r"openssl/.*",
    "seccomp": r"seccomp\.h",
    "elf": r"(libelf|gelf|elfutils/.*)\.?h?",
    "gsl": r"gsl/.*",
    "pcap": r"pcap(/.*|\.h)",
    "bpf": r"bpf/.*",
    "curl": r"curl/.*",
    "cmocka": r"cmocka\.h",
}

# Folder: its own folders and those below it that it may include; libraries; libc headers that it may not have.
# `.` is the file's own folder. A collector's library is its own affair, but never one of the host's.
ANY_LIBC = ()
NO_LIBRARY = ()
TABLE = {
    "include/weir": (("weir/",), NO_LIBRARY, r"(?!stddef\.h|stdint\.h).*"),
    "parsers": (("parsers/",), NO_LIBRARY, r"(stdio|stdlib|malloc|unistd|fcntl|dirent|pthread|sys/.*)\.?h?"),
    "bpf": (("weir/", "parsers/", "bpf/"), ("bpf",), ANY_LIBC),
    "collectors": (("weir/", "parsers/", "collectors/program/", "."), ("jansson", "pcap", "bpf"), ANY_LIBC),
    "examples": (("weir/", "."), NO_LIBRARY, ANY_LIBC),
    "store": (("weir/", "store/"), ("sqlite3", "zstd"), ANY_LIBC),
    "plugins": (("weir/", "store/", "plugins/"), ("crypto", "seccomp", "elf", "jansson"), ANY_LIBC),
    "runs": (("weir/", "parsers/", "store/", "runs/"), ("jansson", "crypto"), ANY_LIBC),
    "analysis": (("weir/", "store/", "analysis/"), ("gsl", "sqlite3"), ANY_LIBC),
    "exports": (
        ("weir/", "parsers/", "store/", "analysis/", "exports/"),
        ("jansson", "sqlite3", "curl", "crypto"),
        ANY_LIBC,
    ),
    "cli": (
        ("weir/", "parsers/", "store/", "plugins/", "runs/", "analysis/", "exports/", "cli/"),
        ("jansson", "sqlite3", "crypto"),
        ANY_LIBC,
    ),
}

# Single files that may have more: the one header of the contract that fills a sentence; and what reads a map that GHC
# itself packed with zstd.
MORE = {"include/weir/fail.h": r"stdarg\.h|stdio\.h", "collectors/hsprof/origins.c": r"zstd\.h"}

# Compiled for the kernel: nothing of user space.
KERNEL_SIDE = (".bpf.c", ".bpf.h")
KERNEL_HEADERS = r"(bpf|linux|asm)/.*|stdbool\.h"
# What any live collector may have of bpf/ beside its own pair.
LIVE = tuple(f"bpf/{noun}.h" for noun in
    ("load", "probes", "table", "gauge", "rows", "runs", "family", "interval", "kept", "live", "outbox"))

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def library_of(name):
    return next((lib for lib, pattern in LIBRARIES.items() if re.fullmatch(pattern, name)), None)


def is_of_own_folder(path, name, root):
    folder = os.path.dirname(path)
    return "/" not in name or os.path.dirname(name) == os.path.relpath(folder, root)


def is_below(path, name, root):
    """bpf/x.h and the skeleton x.skel.h, of collectors/x only, and what all that load have in common."""
    collector = os.path.relpath(path, root).split(os.sep)[1]
    return name in LIVE or name in (f"bpf/{collector}.h", f"{collector}.skel.h", f"bpf/{collector}.skel.h")


def offence(root, folder, path, mark, name):
    """Why this include must not be, or None."""
    allowed, libraries, forbidden = TABLE[folder]
    relative = os.path.relpath(path, root)
    if folder == "collectors" and is_below(path, name, root):
        return None
    if relative.endswith(KERNEL_SIDE) and not re.fullmatch(KERNEL_HEADERS, name):
        return "of user space"
    if mark == '"' or name.startswith("weir/"):
        for prefix in allowed:
            if prefix == "." and mark == '"' and is_of_own_folder(path, name, root):
                return None
            if prefix != "." and name.startswith(prefix):
                return None
        return "another room's"
    if relative in MORE and re.fullmatch(MORE[relative], name):
        return None
    library = library_of(name)
    if library:
        return None if library in libraries else f"of {library}"
    return "not for this room" if forbidden and re.fullmatch(forbidden, name) else None


def sources(root, folder):
    for place, _, names in os.walk(os.path.join(root, folder)):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.join(place, name)


def offences(root):
    found, n_seen = [], 0
    for folder in TABLE:
        for path in sources(root, folder):
            with open(path, encoding="utf-8") as f:
                includes = INCLUDE.findall(f.read())
            n_seen += len(includes)
            for mark, name in includes:
                why = offence(root, folder, path, mark, name)
                if why:
                    found.append(f"{os.path.relpath(path, root)}: {name}: {why}")
    return found, n_seen


SELF_TEST = {
    "include/weir/host.h": ("<stdio.h>", '"store/store.h"'),
    "parsers/x.c": ("<stdlib.h>", "<weir/host.h>", "<zstd.h>", '"plugins/lend.h"', "<sys/stat.h>"),
    "bpf/x.c": ('"plugins/lend.h"', '"collectors/a/a.h"', "<sqlite3.h>"),
    "bpf/x.bpf.c": ("<stdio.h>", "<weir/host.h>"),
    "collectors/a/a.c": ('"plugins/lend.h"', '"store/json.h"', '"collectors/b/b.h"', '"bpf/b.h"', "<sqlite3.h>"),
    "examples/a/a.c": ('"parsers/prof.h"', "<jansson.h>"),
    "store/x.c": ('"plugins/lend.h"', '"analysis/x.h"', '"parsers/prof.h"', "<jansson.h>"),
    "plugins/x.c": ('"collectors/a/a.h"', '"parsers/prof.h"', '"bpf/a.h"', '"cli/say.h"', "<sqlite3.h>"),
    "runs/x.c": ('"plugins/lend.h"', '"analysis/x.h"', "<gsl/gsl_sort.h>"),
    "analysis/x.c": ('"plugins/lend.h"', '"exports/x.h"', "<curl/curl.h>"),
    "exports/x.c": ('"plugins/lend.h"', '"cli/say.h"', "<gsl/gsl_sort.h>"),
    "cli/x.c": ('"collectors/a/a.h"', '"tests/support/bytes.h"', "<cmocka.h>"),
}
ALLOWED = {
    "include/weir/fail.h": ("<stdarg.h>", "<stdio.h>", "<weir/host.h>"),
    "bpf/a.c": ('"bpf/a.h"', "<bpf/libbpf.h>", "<weir/host.h>", "<stdio.h>"),
    "bpf/a.bpf.c": ('"bpf/a.h"', "<bpf/bpf_helpers.h>", "<linux/types.h>", "<stdbool.h>"),
    "collectors/a/a.h": ('"a.h"', '"bpf/load.h"', '"collectors/program/image.h"', '"collectors/a/b.h"', '"parsers/prof.h"', '"bpf/a.h"', '"a.skel.h"', "<pcap/pcap.h>"),
    "plugins/x.h": ('"store/store.h"', "<weir/host.h>", "<gelf.h>", "<stdlib.h>"),
}


def self_test():
    with tempfile.TemporaryDirectory() as root:
        for table in (SELF_TEST, ALLOWED):
            for path, includes in table.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.writelines(f"#include {i}\n" for i in includes)
        found, _ = offences(root)
        expected = {f"{path}: {i[1:-1]}" for path, includes in SELF_TEST.items() for i in includes}
        seen = {line.rsplit(": ", 1)[0] for line in found}
        for line in sorted(expected - seen):
            print(f"self-test: not seen: {line}")
        for line in sorted(seen - expected):
            print(f"self-test: allowed, but refused: {line}")
        return expected == seen


def main(arguments):
    if not self_test():
        return 1
    found, n_seen = offences(arguments[0])
    print("\n".join(found))
    print(f"{n_seen} includes, {len(found)} offences")
    return 1 if found or n_seen < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
