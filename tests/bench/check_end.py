#!/usr/bin/env python3
"""A bench that is killed leaves nothing running: its daemon ends with it.

check_end.py JOBPOOL_BENCH
"""
import ctypes
import os
import shutil
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER, PATIENCE = 36, 30


def children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="utf-8") as file:
            found += [int(child) for child in file.read().split()]
    return found


def folder_of(daemon):
    """Which nobody is left to remove."""
    with open(f"/proc/{daemon}/cmdline", encoding="utf-8") as file:
        words = file.read().split("\0")
    return os.path.dirname(words[words.index("--socket") + 1])


def has_none_left(until):
    while time.monotonic() < until:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)  # between two looks
        except ChildProcessError:
            return True
    return False


def main():
    # Whoever is left over becomes a child of ours.
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    until = time.monotonic() + PATIENCE
    with subprocess.Popen([sys.argv[1], "idle", "--milliseconds=600000", "--workers=1", "--peers=0"]) as bench:
        # The daemon has its broker and its worker.
        try:
            while not (daemons := [child for child in children(bench.pid) if len(children(child)) >= 2]):
                assert bench.poll() is None and time.monotonic() < until, "its daemon does not start"
                time.sleep(0.005)  # between two looks
            folder = folder_of(daemons[0])
        finally:
            bench.kill()
    ended, survivors = has_none_left(time.monotonic() + PATIENCE), children(os.getpid())
    for pid in survivors:
        os.kill(pid, 9)
    shutil.rmtree(folder)
    if not ended:
        sys.exit(f"still there: {survivors}")


if __name__ == "__main__":
    main()
