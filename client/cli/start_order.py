#!/usr/bin/env python3
"""Writes start_order.ld: what jobpool's usual verbs call, side by side in the program, in the order in which they call it.

  client/cli/start_order.py [--build build/release] [--output client/cli/start_order.ld]
  client/cli/start_order.py --check [--build build/release]

A process start costs by the pages that it touches, and functions lie in the program as they were written: an apply-async touched
133 pages of them. The linker puts what start_order.ld names first, close together. Each verb is run against a daemon of its own under valgrind,
which tells each instruction's address; the linker's map tells which section that is in. To be run again when the verbs' ways have changed much:
a name that is there no more is passed over, so that the program is never wrong, only slower to start. --check asks that most are still there.
"""
import argparse
import bisect
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SECTION = ".text.start"

# What people and scripts type most, from an empty daemon on.
VERBS = (
    ["apply-async", "--ephemeral", "--", "true"],
    ["apply", "--", "true"],
    ["apply-async", "@noop"],
    ["apply", "@square", "7"],
    ["wait", "1"],
    ["get", "2"],
)


class Input:
    """An input section: which archive's member it comes from, where it is, how large it is."""

    LINE = re.compile(r"^ (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$")

    def __init__(self, name, address, size, source):
        self.name, self.address, self.size, self.source = name, address, size, source

    def pattern(self):
        """As the linker's language has it. What is ours is one function a section, whichever file it was compiled with."""
        member = re.search(r"([^/]+)\((.+)\)$", self.source)
        if member and re.match(r"lib(c|stdc\+\+|gcc|gcc_eh)\.a$", member[1]):
            return f"*{member[1]}:{member[2]}({self.name})"
        return None if self.name == ".text" else f"*({self.name})"


def inputs_of(map_file):
    """All sections of code, by address. A long name has a line to itself."""
    inputs, name, is_map = [], None, False
    for line in map_file.read_text(errors="replace").splitlines():
        is_map = is_map or line == "Linker script and memory map"
        if not is_map:
            continue
        found = Input.LINE.match(line)
        if found and (found[1] or name):
            inputs.append(Input(found[1] or name, int(found[2], 16), int(found[3], 16), found[4]))
        alone = re.match(r"^ (\.text\S*)$", line)
        name = alone[1] if alone else None
    return sorted((one for one in inputs if one.address and one.size), key=lambda one: one.address)


def called(program, words, environment, inputs, folder):
    """Indexes into `inputs`, in the order of the first call."""
    trace = folder / "trace"
    subprocess.run(["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={trace}", str(program), *words],
                   env=environment, check=True, stdout=subprocess.DEVNULL)
    starts = [one.address for one in inputs]
    seen = {}
    with open(trace, errors="replace") as lines:
        for line in lines:
            if not line.startswith("I "):
                continue
            address = int(line[3:].split(",")[0], 16)
            index = bisect.bisect_right(starts, address) - 1
            if index >= 0 and address < starts[index] + inputs[index].size:
                seen.setdefault(index)
    return list(seen)


class Daemon:
    """In a folder of its own, with nobody else's settings."""

    def __init__(self, build, folder):
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "JOBPOOL_SOCKET": str(folder / "socket"), "LANG": "C.UTF-8"}
        self.process = subprocess.Popen([build / "bin/jobpoold", "--socket", folder / "socket", "--state-dir", folder / "state", "-j", "1"],
                                        env=self.environment, stderr=subprocess.DEVNULL)
        while subprocess.run([build / "bin/jobpool", "ping"], env=self.environment, capture_output=True).returncode != 0:
            if self.process.poll() is not None:
                sys.exit(f"{build}/bin/jobpoold does not start: build the preset release first")
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def order_of(build):
    """The sections, those that most verbs call first."""
    inputs = inputs_of(build / "client/cli/jobpool.map")
    calls = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        daemon = Daemon(build, folder)
        try:
            for words in VERBS:
                for index in called(build / "bin/jobpool", words, daemon.environment, inputs, folder):
                    calls[index] = calls.get(index, 0) + 1
        finally:
            daemon.stop()
    # A stable sort: among those that as many verbs call, who was called first.
    return [inputs[index] for index in sorted(calls, key=lambda index: -calls[index])]


def write(build, output):
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: tests/bench/install-peers.sh installs it")
    order = order_of(build)
    patterns = list(dict.fromkeys(pattern for one in order if (pattern := one.pattern())))
    lines = "\n".join("    " + pattern for pattern in patterns)
    output.write_text(f"/* Written by start_order.py, which says what it is for; not by hand. */\nSECTIONS\n{{\n  {SECTION} :\n  {{\n{lines}\n  }}\n}}\n"
                      "INSERT BEFORE .text;\n")
    size = sum(one.size for one in order if one.pattern())
    print(f"{output}: {len(patterns)} sections, {size} bytes", file=sys.stderr)


def check(build):
    """Most of our own names must be in the program, in the section that they are to be in."""
    text = (HERE / "start_order.ld").read_text()
    wanted = set(re.findall(r"^    \*\((\.text\S+)\)$", text, re.MULTILINE))
    map_text = (build / "client/cli/jobpool.map").read_text(errors="replace")
    if "Linker script and memory map" not in map_text:
        sys.exit("jobpool.map is not as GNU ld writes it: with another linker nobody can tell")
    begin = map_text.index(f"\n{SECTION} ")
    there = set(re.findall(r"^ (\.text\S+)", map_text[begin:map_text.index("\n.text ", begin)], re.MULTILINE))
    found = len(wanted & there)
    print(f"{found} of {len(wanted)} functions of start_order.ld are in the program")
    if found * 2 < len(wanted):  # other versions of g++ make other pieces of some
        sys.exit("start_order.ld is of another time: run client/cli/start_order.py")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build/release")
    options.add_argument("--output", type=pathlib.Path, default=HERE / "start_order.ld")
    options.add_argument("--check", action="store_true")
    chosen = options.parse_args()
    if not (chosen.build / "client/cli/jobpool.map").exists():
        sys.exit(f"{chosen.build}/client/cli/jobpool.map is not there: build the preset release first, or say --build")
    if chosen.check:
        check(chosen.build)
    else:
        write(chosen.build, chosen.output)


if __name__ == "__main__":
    os.umask(0o077)
    main()
