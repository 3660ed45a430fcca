#!/usr/bin/env python3
"""What the README shows is what happens: runs its examples, in their order, in one shell with a daemon of its own, and compares.

readme.py BIN_DIR PLUGIN_DIR README [--write]

An example is an indented line that begins with "$ "; the lines behind it, up to the next one or the end of the block, are its output,
stdout and stderr together. "(exit N)" is its exit code, not 0. A line "…" stands for any lines, a comment behind a command for the reader.
Times, dates, sizes, rates, ids (of processes, workers and, behind a crash or in parallel, of jobs) and the width of columns may differ. --write puts today's output into the README.
"""
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds for one example

# What an example needs before it: a shell command that comes back when it is there.
BEFORE = {
    "jobpool copy photos": "mkdir photos; for i in $(seq 1200); do echo \"picture $i\" >photos/$i.jpg; done",
    "LANG=zh_CN.UTF-8 jobpool copy big": "mkdir big; head -c 300000000 /dev/zero | tr '\\0' x >big/film",
    "jobpool status": "until jobpool status --json | grep -q workersIdle.:2; do :; done",
    "jobpool pool show threads": "until jobpool pool show threads | grep -q ' 3 running'; do :; done",
    'jobpool process show "$name"': "until jobpool process show $name | grep -q pid; do :; done",
    'jobpool list "$id"': "until jobpool list --state waiting | grep -q mail; do :; done",
}
# What can only be shown where the reader has more than a test has.
ON_A_TERMINAL = {"LANG=zh_CN.UTF-8 jobpool copy big"}


class Failure(Exception):
    pass


class Shell:
    """One bash for all examples: its variables and its background processes stay."""

    def __init__(self, folder, bin_dir):
        environment = {
            "HOME": folder, "XDG_RUNTIME_DIR": folder + "/run", "JOBPOOL_SOCKET": folder + "/socket", "LANG": "C.UTF-8",
            "JOBPOOL_NO_AUTOSTART": "1", "PATH": bin_dir + ":/usr/local/bin:/usr/bin:/bin", "TERM": "xterm",
        }
        os.mkdir(environment["XDG_RUNTIME_DIR"], 0o700)
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.text = b""

    def run(self, command):
        """Returns its output and its exit code."""
        self.process.stdin.write(("{\n" + command + "\n} </dev/null\necho \"\a$?\a\"\n").encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while True:
            end = re.search(rb"\a(\d+)\a\n", self.text)
            if end:
                output = self.text[:end.start()].decode()
                self.text = self.text[end.end():]
                return output, int(end.group(1))
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise Failure(f"did not end within {PATIENCE} s; it had written:\n{self.text.decode()}")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise Failure("the shell ended")
            self.text += piece


class Example:
    def __init__(self, line, indent, command):
        self.line, self.indent, self.command = line, indent, command
        self.shown = []  # output lines, without indentation

    @property
    def plain(self):
        """Without the comment."""
        return re.sub(r"\s+# .*$", "", self.command)


def examples_of(lines):
    """Each with the numbers of its output's lines."""
    found = []
    for number, line in enumerate(lines):
        match = re.fullmatch(r"( {4})(\$ )?(.*)", line)
        if not match:
            found.append(None)
        elif match.group(2):
            found.append(Example(number, match.group(1), match.group(3)))
        elif found and found[-1]:
            found[-1].shown.append(match.group(3))
    return [example for example in found if example]


def run(shell, example):
    """The lines that the README should show."""
    command = example.plain
    if command in BEFORE:
        output, status = shell.run(BEFORE[command])
        if status != 0:
            raise Failure(f"what it needs before it failed:\n{output}")
    if command.startswith("jobpoold "):  # its log is not shown, and who reads on waits until it is there
        output, status = shell.run(command.removesuffix("&") + ">>log 2>&1 &\ndisown\nuntil jobpool ping 2>>log | grep -q \"pid $!,\"; do kill -0 $! || break; done")
    elif command in ON_A_TERMINAL:
        output, status = shell.run(f"script --quiet --return --command '{command}' /dev/null")
        output = "\n".join(line for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output).replace("\r", "\n").split("\n") if line)
    else:
        output, status = shell.run(command)
    return output.splitlines() + ([f"(exit {status})"] if status != 0 else [])


def without_what_varies(line):
    for pattern, name in (
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE"),
            (r"\b\d+(\.\d+)?( s|us|ms|s|m|h)\b", "TIME"),
            (r"\b\d+(\.\d+)? ?([KMG]i?)?B(/s)?", "SIZE"),
            (r"\b\d+\.\d\d %", "SHARE"),
            (r"\b(job|worker) +\d+", r"\1"),
            # Of an attempt. The bug: which of two workers takes the job is chance, and a number of one digit was compared.
            (r"\bDATE +TIME +\d+ +\d+\b", "DATE TIME WORKER PID"),
            (r"\bProcess-\d+", "Process-N"),
            (r"\b[0-9a-f]{32}\b", "HEX")):
        line = re.sub(pattern, name, line)
    # In tables and sentences larger numbers are ids; results and exit codes stand by themselves.
    if len(line.split()) > 1 and not line.startswith("(exit "):
        line = re.sub(r"\b\d{2,}\b", "NUMBER", line)
    return " ".join(line.split())


def matches(shown, seen):
    """Line by line; "…" for any number of them."""
    if not shown:
        return not seen
    if shown[0].strip() == "…":
        return any(matches(shown[1:], seen[skipped:]) for skipped in range(len(seen) + 1))
    return bool(seen) and without_what_varies(shown[0]) == without_what_varies(seen[0]) and matches(shown[1:], seen[1:])


def check(readme, shell, write):
    lines = open(readme, encoding="utf-8").read().split("\n")
    replaced = []  # first line, number of lines, new lines
    failed = 0
    examples = examples_of(lines)
    for example in examples:
        where = f"{os.path.basename(readme)}:{example.line + 1}: $ {example.command}"
        try:
            seen = run(shell, example)
        except Failure as failure:
            print(f"{where}\n{failure}")
            return 1
        if matches(example.shown, seen):
            continue
        failed += 1
        replaced.append((example.line + 1, len(example.shown), [example.indent + line for line in seen]))
        print("\n".join([where, "  shows:", *("    " + line for line in example.shown), "  what happened:", *("    " + line for line in seen)]))
    print(f"{len(examples) - failed} of {len(examples)} examples are as the README shows them")
    if write:
        for first, count, new in reversed(replaced):
            lines[first:first + count] = new
        with open(readme, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
    return 1 if failed or not examples else 0


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[4:] not in ([], ["--write"]):
        sys.exit("usage: readme.py BIN_DIR PLUGIN_DIR README [--write]")
    bin_dir, plugins, readme = (os.path.abspath(path) for path in sys.argv[1:4])
    folder = tempfile.mkdtemp(prefix="jobpool-readme-")
    os.makedirs(folder + "/build/release")
    os.symlink(plugins, folder + "/build/release/plugins")
    os.symlink(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), folder + "/tests")
    shell = Shell(folder, bin_dir)
    try:
        status = check(readme, shell, bool(sys.argv[4:]))
        shell.run("jobpool shutdown --now; while kill -0 $! 2>>log; do :; done")
    except Failure as failure:
        status = f"{failure}"
    if status != 0:
        print("the daemon's log:\n" + open(folder + "/log", encoding="utf-8").read())
    os.killpg(shell.process.pid, signal.SIGKILL)
    shell.process.wait()
    shutil.rmtree(folder)
    sys.exit(status)


if __name__ == "__main__":
    main()
