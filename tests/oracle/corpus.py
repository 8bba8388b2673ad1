# SPDX-License-Identifier: Apache-2.0
"""What the second readings share: files to read, our reading of one, and the comparison."""
import pathlib
import subprocess
import sys


def shown(text):
    """Bytes as the transcripts write them."""
    return "".join(chr(c) if 0x20 <= c <= 0x7E and c != 0x5C else f"\\x{c:02x}" for c in text)


def run(form, reading, wanted):
    """usage: DUMP DIR. Compares `reading(bytes)`, a list of lines, with what DUMP says of every file that is wanted.
    `wanted(path, bytes)` says which. Exit codes: 0 they agree, 77 there are no files."""
    dump, root = sys.argv[1:]
    if not pathlib.Path(root).is_dir():
        print(f"skipped: {root} is not here")
        sys.exit(77)
    n_files = n_lines = 0
    for path in sorted(p for p in pathlib.Path(root).rglob("*") if p.is_file()):
        data = path.read_bytes()
        if not wanted(path, data):
            continue
        ours = subprocess.run([dump, form, path], capture_output=True, check=True).stdout.decode().splitlines()
        theirs = reading(data) + ["END"]
        for i, (a, b) in enumerate(zip(ours + [None] * len(theirs), theirs + [None] * (len(ours) - len(theirs)))):
            if a != b:
                sys.exit(f"{path}: record {i}: ours {a!r}, the other {b!r}")
        n_files += 1
        n_lines += len(theirs) - 1
    print(f"{n_files} files, {n_lines} records: the two readings agree")
    sys.exit(0 if n_lines else 1)
