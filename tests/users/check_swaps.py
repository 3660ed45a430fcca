#!/usr/bin/env python3
"""What is swapped all the time, by a real second user, in the way of a start, of a worker's plugins and of a copy; see the table in
systemd/README.md.

check_swaps.py BIN_DIR PLUGIN

A try hits the moment between a look and a use by chance: a guard that is broken is found by most runs, and at night by any.
"""
import itertools
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from daemon import PATIENCE, Daemon, Place, environment, of_size, start_fails  # pylint: disable=wrong-import-position
from swapper import Swapper  # pylint: disable=wrong-import-position
from users import OWNER, STRANGER, become_root_of_many, can_become_others, run_as  # pylint: disable=wrong-import-position

BIN, PLUGIN = sys.argv[1:3]
NAMES = [f"file{number:02}" for number in range(20)]


def write(path, text, uid):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chown(path, uid, uid)
    return path


def state_of(folder):
    """All that somebody could have changed of it."""
    return stat.S_IMODE(os.stat(folder).st_mode), {name: os.lstat(os.path.join(folder, name)) for name in os.listdir(folder)}


class Swaps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(BIN)
        cls.addClassCleanup(shutil.rmtree, cls.place.folder)
        cls.numbers = itertools.count(1)

    def setUp(self):
        self.number = str(next(self.numbers))
        self.folder = self.place.make(self.number, 0o755)
        # Where the stranger may rename whatever there is.
        self.crossing = self.make("crossing", 0o755, STRANGER)

    def make(self, name, mode, uid=None):
        return self.place.make(os.path.join(self.number, name), mode, uid)

    def at(self, name):
        return os.path.join(self.crossing, name)

    def strangers_link(self, target, name):
        os.symlink(target, self.at(name))
        os.chown(self.at(name), STRANGER, STRANGER, follow_symlinks=False)
        return self.at(name)

    def daemon(self, *options):
        daemon = Daemon(self.place, self.number + "/main", *options, groups=())
        self.addCleanup(daemon.end)
        return daemon

    # A start

    def test_a_state_directory_that_is_swapped_for_a_link_is_never_taken(self):
        precious, own = self.make("precious", 0o755, OWNER), self.make("crossing/own", 0o755, STRANGER)
        before = state_of(precious)
        run = ("--socket", os.path.join(self.make("run", 0o755, OWNER), "socket"))
        with Swapper(STRANGER, (self.strangers_link(precious, "state"), own)):
            for number in range(of_size(12, 2_000)):
                said = start_fails(self.place, *run, "--state-dir", self.at("state") + "/" * (number % 2))
                self.assertRegex(said, "belongs to another user|is a symbolic link of another user's|Not a directory")
        self.assertEqual(state_of(precious), before)

    def test_a_socket_that_is_swapped_for_other_files_is_neither_used_nor_removed(self):
        shared, run = self.make("tmp", 0o1777), self.make("run", 0o755, OWNER)
        precious = write(os.path.join(self.folder, "precious"), "precious", OWNER)
        names = [os.path.join(shared, name) for name in ("socket", "link", "pipe")]

        def plant():
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(names[0])
            os.symlink(precious, names[1])
            os.mkfifo(names[2])

        run_as(STRANGER, plant)
        kinds, before = sorted(stat.S_IFMT(os.lstat(name).st_mode) for name in names), os.stat(precious)
        with Swapper(STRANGER, names[0:2], (names[0], names[2])):
            for _ in range(of_size(6, 1_000)):
                said = start_fails(self.place, "--state-dir", run + "/state", "--socket", names[0], codes=(1, 75))
                self.assertRegex(said, f"uid {STRANGER} has put one there|is a file of another kind|something else is there already")
        self.assertEqual(sorted(stat.S_IFMT(os.lstat(os.path.join(shared, name)).st_mode) for name in os.listdir(shared)), kinds)
        self.assertEqual(os.stat(precious), before)

    # Plugins

    def test_a_plugin_that_is_swapped_between_look_and_load_is_never_loaded(self):
        good, linked = self.make("good", 0o755), self.make("linked", 0o755, OWNER)
        moved, evil = self.make("crossing/moved", 0o755), self.make("crossing/evil", 0o755, STRANGER)
        shutil.copy(PLUGIN, evil + "/cube.so")
        shutil.copytree(evil, self.at("evil2"))
        evils = [evil + "/cube.so", self.at("evil2/cube.so"), shutil.copy(PLUGIN, self.at("evil.so"))]
        for path in evils:
            os.chown(path, STRANGER, STRANGER)
        os.chown(self.at("evil2"), STRANGER, STRANGER)
        run_as(STRANGER, lambda: os.mkfifo(self.at("pipe")))
        goods = [shutil.copy(PLUGIN, folder + "/cube.so") for folder in (good, moved)]
        self.strangers_link(good, "link")
        for name in ("file", "other"):
            os.symlink(self.strangers_link(goods[0], name + ".so"), f"{linked}/{name}.so")
        may, may_not = ({os.stat(path).st_ino for path in paths} for paths in (goods, evils))
        directories = [self.at("moved"), self.at("link"), linked]
        daemon = self.daemon("--config", write(os.path.join(self.folder, "jobpool.toml"), f"plugin_dirs = {directories}\n", OWNER))
        self.call(daemon, "Create", name="before", workers=1, initializer="noop")
        self.assertEqual(self.mapped_by_workers(daemon, "before", 1), may)  # as long as nothing is swapped, all are loaded, by all these ways
        pairs = ((moved, evil), (self.at("link"), self.at("evil2")), (self.at("file.so"), self.at("evil.so")),
                 (self.at("other.so"), self.at("pipe")))
        with Swapper(STRANGER, *pairs):
            for number in range(of_size(1, 80)):
                pool = f"pool{number}"
                self.call(daemon, "Create", name=pool, workers=12, initializer="noop")
                self.assertEqual(self.mapped_by_workers(daemon, pool, 12) & may_not, set())
                for verb in ("Terminate", "Join", "Delete"):
                    self.call(daemon, verb, pool=pool)

    def call(self, daemon, verb, **parameters):
        reply = daemon.call("Pool." + verb, **parameters)
        self.assertNotIn("error", reply)
        return reply.get("parameters")

    def mapped_by_workers(self, daemon, pool, count):
        """Inodes of the plugins, when so many workers are there and have run their initializer: then they have loaded what they load."""
        until = time.monotonic() + PATIENCE
        while (shown := self.call(daemon, "Show", pool=pool)["pool"])["workersIdle"] < count:
            self.assertLess(time.monotonic(), until, daemon.log())
            time.sleep(0.005)  # between two looks
        found = set()
        for worker in shown["workerList"]:
            with open(f"/proc/{worker['pid']}/maps", encoding="utf-8") as maps:
                found |= {int(line.split()[4]) for line in maps if self.folder in line and ".so" in line}
        return found

    # A copy

    def copy(self, daemon, source, target):
        words = [self.place.program("jobpool"), "--socket", daemon.socket, "copy", "--merge", source, target]
        ended = subprocess.run(words, user=OWNER, group=OWNER, extra_groups=[], capture_output=True, text=True, timeout=PATIENCE, cwd="/",
                               env=environment(), check=False)
        self.assertIn(ended.returncode, (0, 1), ended.stderr)

    def tree(self, path, uid, text="harmless"):
        """A folder with a folder with files."""
        for folder in (path, path + "/sub"):
            os.mkdir(folder, 0o777)
            os.chmod(folder, 0o777)
            os.chown(folder, uid, uid)
            for name in NAMES:
                write(os.path.join(folder, name), text, uid)
        return path

    def test_a_copy_of_what_a_stranger_swaps_for_links_has_nothing_of_what_they_lead_to(self):
        daemon, source = self.daemon(), self.tree(self.at("source"), STRANGER)
        secret = self.tree(os.path.join(self.folder, "secret"), OWNER, "secret")
        os.chmod(secret, 0o700)
        self.strangers_link(secret + "/sub", "folder")
        pairs = [(source + "/sub", self.at("folder"))]
        for name in NAMES[:4:2]:
            pairs.append((os.path.join(source, name), self.strangers_link(os.path.join(secret, name), name)))
        run_as(STRANGER, lambda: os.mkfifo(self.at("pipe")))
        pairs.append((os.path.join(source, NAMES[1]), self.at("pipe")))
        targets, copied = self.make("targets", 0o755, OWNER), 0
        with Swapper(STRANGER, *pairs):
            for number in range(of_size(3, 400)):
                target = os.path.join(targets, str(number))
                self.copy(daemon, source, target)
                copied += self.require_harmless(target)
                shutil.rmtree(target)
        self.assertGreater(copied, 0)

    def require_harmless(self, target, wanted=()):
        """How many files there are (all, or those of these names at the top), of which none was led to."""
        count = 0
        for folder, _, names in os.walk(target):
            for path in (os.path.join(folder, name) for name in names if not wanted or folder == target and name in wanted):
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, encoding="utf-8") as file:
                        self.assertEqual(file.read(), "harmless", path)
                    count += 1
        return count

    def test_a_copy_writes_nowhere_else_when_a_stranger_swaps_its_target_for_links(self):
        daemon, source = self.daemon(), self.tree(os.path.join(self.folder, "source"), OWNER)
        precious, target = self.make("precious", 0o755, OWNER), self.make("crossing/target", 0o777, STRANGER)
        write(precious + "/file", "precious", OWNER)
        before = state_of(precious)
        self.make("crossing/target/sub", 0o777, STRANGER)
        pairs = [(target + "/sub", self.strangers_link(precious, "folder"))]
        for name in NAMES[:4:2]:
            write(os.path.join(target, name), "old", STRANGER)
            pairs.append((os.path.join(target, name), self.strangers_link(precious + "/file", name)))
        with Swapper(STRANGER, *pairs):
            for number in range(of_size(3, 400)):
                for name in NAMES:  # they differ from what is there each time
                    write(os.path.join(source, "sub", name), "x" * number, OWNER)
                self.copy(daemon, source, target)
        self.assertEqual(state_of(precious), before)
        self.assertGreater(self.require_harmless(target, NAMES[1::2]), 0)  # what nobody swaps has come


if __name__ == "__main__":
    become_root_of_many()
    if not can_become_others():
        print("ONE UID ONLY: neither root nor subordinate uids (newuidmap, /etc/subuid): no second user can be made here, and nothing was "
              "swapped by one.")
        sys.exit(0)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
