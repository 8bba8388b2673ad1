#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel and runs the tests of live collectors on it: boot.py NAME BUILD SOURCE [TEST...]

The kernel lies in BUILD/kernels/NAME, where tests/kernels/fetch puts it. What is run is what was built here, at the
same place, in an initramfs with all that it needs: nothing of this machine can be reached from inside, and nothing
is installed. There is no acceleration, so that it works in virtual machines too: about a tenth of the speed.

Prints what the tests print, each test under the name of its program, and in cmocka's words. What fails is tried once more:
while our machine is busy with something else the emulated one's processors stand still and its clocks go on, which the tests of
times cannot know.
"""
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time

MODULES = ("virtio_pci", "virtio_blk", "loop", "tcp_diag", "udp_diag", "unix_diag")
DISK_BYTES = 256 << 20
MEMORY = "1536M"
BOOT_S = 860  # a little less than meson's time-out, so that what was said until then is seen
SAYS = "\033kernels:"
# The kernel patches its code behind breakpoints. With a thread for each processor QEMU may still run what it translated
# before one was taken away (seen in 1 of 20 boots of 6.12, in blk_account_io_start), which no real processor does.
PATCHED, BOOTS_MAX = "Oops: int3:", 3
MARK = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] ([A-Za-z_]\w*)$")
# What the tests call, beside what was built.
PROGRAMS = ("sh", "bash", "timeout", "setpriv", "sleep", "env", "cat", "rm", "mkdir", "true", "test", "strip", "cp",
            "uname", "ls", "grep", "sed", "head", "realpath", "mktemp", "id", "jq", "dd", "mount", "umount", "unshare", "dmesg")

# Tests of live collectors, test-<name>.
LIVE = ("disk", "disk_files", "disk_queue", "disk_rungs", "net", "net_calls", "net_rungs", "sched", "sched_threads",
        "sched_rungs")

# The rung of each collector that has several, where nothing is missing but what the kernel hasn't.
RUNGS = {
    "6.1": "disk=tp_btf net=fexit sched=tp_btf hsprof=perf_event",
    "6.12": "disk=tp_btf net=tp_btf sched=tp_btf hsprof=perf_event",
}


def tests(name, build, source):
    """Name, seconds, and the command as a shell would read it."""
    live, weir = f"{build}/tests/collectors/live", f"{build}/weir"
    programs, collectors = f"{build}/kernels/programs", f"{build}/tests/collectors"
    oracle = f"{source}/tests/oracle"
    fakes = f"{collectors}/fake-static '' {collectors}/fake-dynamic {collectors}/libHSrts-fake-ghc9.0.2.so"
    return [
        *((name, 150, f"{build}/tests/collectors/test-{name}") for name in LIVE),
        ("proc", 150, f"python3 {oracle}/proc.py {live} {build}/collectors/proc.so"),
        ("rts", 150, f"env WEIR_GHC_PROGRAMS={programs} python3 {oracle}/rts.py {live} {source} {fakes}"),
        ("hsprof", 150, f"sh {source}/tests/kernels/hsprof.sh {live} {programs} {source}"),
        ("doctor", 150, f"sh {source}/tests/kernels/doctor.sh {weir} {RUNGS[name]}"),
    ]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


# ---- What GHC makes, where it is there ----

# Program, source, and what else it is made of.
GHC_PROGRAMS = (
    ("threaded", "rts/Garbage.hs", ["-threaded"]),
    ("plain", "rts/Garbage.hs", []),
    ("shapes", "hsprof/Shapes.hs", ["spin.c"]),
    ("shapes-threaded", "hsprof/Shapes.hs", ["-threaded", "spin.c"]),
)


def make_programs(folder, source):
    """Whether they are there, made now or before."""
    for name, main_module, more in GHC_PROGRAMS:
        made, data = os.path.join(folder, name), os.path.join(source, "tests/data", os.path.dirname(main_module))
        newest = max(os.path.getmtime(os.path.join(data, file)) for file in os.listdir(data))
        if os.path.exists(made) and os.path.getmtime(made) >= newest:
            continue
        if not shutil.which("ghc"):
            return False
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory() as objects:
            subprocess.run(["ghc", "-v0", "-O1", "-rtsopts", "-outputdir", objects, os.path.basename(main_module), *more,
                            "-o", made], cwd=data, check=True)
    return True


# ---- The initramfs ----


class Archive:
    """Files by path, each once, with the folders above it; in cpio's format `newc`."""

    def __init__(self, out):
        self.out, self.n, self.known = out, 0, set()

    def _entry(self, path, mode, data=b"", device=(0, 0), time_s=0):
        self.n += 1
        name = path.lstrip("/").encode() + b"\0"
        fields = (self.n, mode, 0, 0, 1, time_s, len(data), 0, 0, *device, len(name), 0)
        self.out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
        self.out.write(b"\0" * (-(110 + len(name)) % 4) + data + b"\0" * (-len(data) % 4))

    def folder(self, path):
        if path in ("/", "") or path in self.known:
            return
        self.folder(os.path.dirname(path))
        self.known.add(path)
        self._entry(path, stat.S_IFDIR | 0o755)

    def data(self, path, data, mode=0o755, time_s=0):
        if path in self.known:
            return
        self.folder(os.path.dirname(path))
        self.known.add(path)
        self._entry(path, stat.S_IFREG | mode, data, time_s=time_s)

    def copy(self, path):
        """The file itself, not the links to it, which are made beside it."""
        real = os.path.realpath(path)
        status = os.stat(real)
        with open(real, "rb") as file:
            self.data(real, file.read(), status.st_mode & 0o777, int(status.st_mtime))
        self.alias(path, real)

    def alias(self, path, real):
        """/bin is a link to /usr/bin on some systems, and each program knows only one of the two."""
        if path != real and path not in self.known:
            self.folder(os.path.dirname(path))
            self.known.add(path)
            self._entry(path, stat.S_IFLNK | 0o777, real.encode())

    def tree(self, path, leave_out=()):
        for folder, names, files in os.walk(path):
            names[:] = [n for n in names if n not in leave_out]
            for name in files:
                if os.path.isfile(os.path.join(folder, name)):
                    self.copy(os.path.join(folder, name))

    def device(self, path, major, minor):
        self.folder(os.path.dirname(path))
        self._entry(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def end(self):
        self._entry("TRAILER!!!", 0)


def libraries(path):
    """What a program or library is linked with, by the path under which it will be asked for."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(/\S+\.so\S*)", said)


def add_program(archive, path):
    archive.copy(path)
    for library in libraries(path):
        archive.copy(library)


def module_order(folder, wanted):
    """The modules' files, each behind what it depends on; what is built in has none."""
    files = {}
    for at, _, names in os.walk(os.path.join(folder, "lib/modules")):
        for name in names:
            if ".ko" in name:
                files[name.split(".ko")[0].replace("-", "_")] = os.path.join(at, name)
    order = []

    def add(name):
        if name not in files or any(name == n for n, _ in order):
            return
        opened = lzma.open if files[name].endswith(".xz") else open
        with opened(files[name], "rb") as file:
            data = file.read()
        depends = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in depends.group(1).decode().split(",") if depends else ():
            add(other.replace("-", "_"))
        order.append((name, data))

    for name in wanted:
        add(name)
    return order


def make_initramfs(path, kernel, build, source, todo):
    with open(path, "wb") as out:
        archive = Archive(out)
        archive.device("/dev/console", 5, 1)
        with open(f"{build}/tests/kernels/init", "rb") as init:
            archive.data("/init", init.read())
        modules = module_order(kernel, MODULES)
        for name, data in modules:
            archive.data(f"/{name}.ko", data)
        archive.data("/modules", "".join(f"/{name}.ko\n" for name, _ in modules).encode())
        # Serial lines end in a carriage return too, which is not the tests' business.
        lines = []
        for name, seconds, command in todo:
            once = f"timeout -k 3 {seconds} {command} 2>&1 </dev/null"
            again = f"[ $code = 0 ] || [ $code = 77 ] || {{ printf '\\033kernels:again\\n'; {once}; code=$?; }}"
            lines.append(f"{name} {once}; code=$?; {again}; exit $code")
        archive.data("/tests", "".join(line + "\n" for line in lines).encode())
        archive.data("/etc/passwd", b"root:x:0:0::/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n", 0o644)
        archive.data("/etc/group", b"root:x:0:\nnogroup:x:65534:\n", 0o644)
        for name in PROGRAMS:
            if shutil.which(name):
                add_program(archive, shutil.which(name))
        archive.alias("/bin/sh", os.path.realpath("/bin/sh"))
        add_program(archive, sys.executable)
        archive.alias("/usr/bin/python3", os.path.realpath(sys.executable))
        for name in os.listdir(f"{build}/collectors"):
            if name.endswith(".so"):
                add_program(archive, f"{build}/collectors/{name}")
        add_program(archive, f"{build}/weir")
        for name in ("live", "fake-static", "fake-dynamic", *(f"test-{test}" for test in LIVE)):
            add_program(archive, f"{build}/tests/collectors/{name}")
        for name, _, _ in GHC_PROGRAMS:
            if os.path.exists(f"{build}/kernels/programs/{name}"):
                add_program(archive, f"{build}/kernels/programs/{name}")
        archive.tree(f"{source}/tests/oracle")
        archive.tree(f"{source}/tests/kernels")
        library = os.path.dirname(os.__file__)
        archive.tree(library, ("dist-packages", "site-packages", "test", "idlelib", "lib2to3", "tkinter", "ensurepip",
                               "distutils", "pydoc_data", "asyncio", "unittest"))
        for name in os.listdir(f"{library}/lib-dynload"):
            if not name.startswith(("_test", "_codecs", "_ctypes", "_sqlite", "_tkinter", "_curses")):
                add_program(archive, f"{library}/lib-dynload/{name}")
        archive.end()


# ---- The machine ----


def boot(folder, kernel, build, source, todo):
    image, disk = os.path.join(folder, "initramfs"), os.path.join(folder, "disk")
    make_initramfs(image, kernel, build, source, todo)
    with open(disk, "wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-F", disk], check=True)
    vmlinuz = next(os.path.join(kernel, "boot", n) for n in os.listdir(f"{kernel}/boot") if n.startswith("vmlinuz"))
    # A processor that is stuck for a minute ends the machine, which says where it was.
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2", "-m", MEMORY,
               "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-drive",
               f"file={disk},if=virtio,format=raw,cache=unsafe", "-kernel", vmlinuz, "-initrd", image, "-append",
               "console=ttyS0 quiet panic=-1 softlockup_panic=1 watchdog_thresh=30 mitigations=off audit=0 rdinit=/init "
               + os.environ.get("WEIR_KERNEL_WORDS", "")]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def lines_of(machine):
    for line in machine.stdout:
        yield line.decode("utf-8", "replace").rstrip("\r\n")


class Hearing:
    """What the machine says, made into tests."""

    def __init__(self):
        self.wrong, self.ended, self.n = [], False, 0
        self.begin(None)

    def begin(self, name):
        self.at, self.begun = name, time.time()
        self.again()

    def again(self):
        """What single tests came to, and what each said before; said: by the one that runs."""
        self.outcomes, self.said, self.summary = {}, [], False

    def end(self, code):
        failed = [name for name, (word, _) in self.outcomes.items() if word not in ("OK", "SKIPPED")]
        if not self.outcomes or code not in (0, 77) and not failed:
            self.outcomes[""] = ({0: "OK", 77: "SKIPPED"}.get(code, "FAILED"), self.said)
        for name, (word, said) in self.outcomes.items():
            test = f"{self.at}_{name}" if name else self.at
            word = "FAILED" if word == "RUN" else word  # and never came back
            print("\n".join([f"[ RUN      ] {test}", *said, f"[{word:>9} ] {test}"]), flush=True)
            if word == "FAILED":
                self.wrong.append(f"{test} (exit {code})")
        print(f"{self.at}: {time.time() - self.begun:.1f} s", flush=True)
        self.at, self.n = None, self.n + 1

    def own(self, words):
        what, _, rest = words.partition(" ")
        if what == "begin":
            self.begin(rest)
        elif what == "again":
            print("\n".join([f"{self.at}: once more, after this:", *self.said]))
            for name, (word, said) in self.outcomes.items():
                if word not in ("OK", "SKIPPED"):
                    print("\n".join([name, *said]))
            self.again()
        elif what == "end":
            self.end(int(rest.split()[1]))
        elif what == "wrong":
            self.wrong.append(rest)
        elif what == "kernel":
            print(f"Linux {rest}")
        elif what == "done":
            self.ended = True

    def line(self, text):
        own, is_mark = text.partition(SAYS), MARK.match(text)
        if own[1]:
            self.own(own[2])
        elif self.at is None:
            print(text, flush=True)
        elif self.summary or text.startswith("[==="):  # which names failures again
            self.summary |= " run." in text
        elif is_mark:
            word, name = is_mark.groups()
            self.outcomes[name] = (word, self.said)
            self.said = []
        else:
            self.said.append(text)


def hear(kernel, build, source, todo):
    """Boots it once. What ended in the middle of a test has its last words in said."""
    hearing = Hearing()
    with tempfile.TemporaryDirectory() as folder:
        machine = boot(folder, kernel, build, source, todo)
        watchdog = threading.Timer(BOOT_S, machine.kill)
        watchdog.daemon = True
        watchdog.start()
        for line in lines_of(machine):
            hearing.line(line)
        watchdog.cancel()
        machine.wait()
    if not hearing.ended or hearing.n != len(todo):
        print("\n".join(hearing.said))
        hearing.wrong.append(f"it ended after {hearing.n} of {len(todo)} tests")
    return hearing


def main():
    name, build, source, only = sys.argv[1], os.path.realpath(sys.argv[2]), os.path.realpath(sys.argv[3]), sys.argv[4:]
    kernel = f"{build}/kernels/{name}"
    if not shutil.which("qemu-system-x86_64"):
        skip("there is no qemu-system-x86_64 to boot a kernel with")
    if not os.path.isdir(kernel):
        skip(f"there is no kernel in {os.path.relpath(kernel)}: tests/kernels/fetch gets it where it can be had")
    todo = [t for t in tests(name, build, source) if not only or t[0] in only]
    if not make_programs(f"{build}/kernels/programs", source):
        print("left out: rts and hsprof, because there is no ghc")
        todo = [t for t in todo if t[0] not in ("rts", "hsprof")]
    for _ in range(BOOTS_MAX):
        hearing = hear(kernel, build, source, todo)
        if not any(PATCHED in line for line in hearing.said):
            break
        print("the emulator met a breakpoint that the kernel, which patched itself, had taken away: once more")
    for what in hearing.wrong:
        print(f"failed: {what}")
    return 1 if hearing.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
