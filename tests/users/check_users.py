#!/usr/bin/env python3
"""What other users of the host may try against one daemon, tried by real second users; see the table in systemd/README.md.

check_users.py BIN_DIR PLUGIN
"""
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from daemon import PATIENCE, Daemon, Place, environment, start_fails  # pylint: disable=wrong-import-position
from users import (  # pylint: disable=wrong-import-position
    GROUP, MEMBER, OWNER, STRANGER, become_root_of_many, can_become_others, run_as, without_namespaces)

BIN, PLUGIN = sys.argv[1:3]
PERMISSION_DENIED = b'{"error":"org.varlink.service.PermissionDenied"}\0'
PING = b'{"method":"org.jobpool.Pool.Hello"}\0'


class Users(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = place = Place(BIN)
        cls.addClassCleanup(shutil.rmtree, place.folder)
        good, shared = place.make("good", 0o755), place.make("shared", 0o775, OWNER)
        strangers, linked = place.make("strangers", 0o755, STRANGER), place.make("linked", 0o755, OWNER)
        for folder, name in ((good, "good"), (shared, "shared"), (strangers, "strangers"), (linked, "given")):
            shutil.copy(PLUGIN, os.path.join(folder, name + ".so"))
        os.chown(os.path.join(linked, "given.so"), STRANGER, STRANGER)
        os.symlink(os.path.join(strangers, "strangers.so"), os.path.join(linked, "link.so"))
        os.mkfifo(os.path.join(linked, "pipe.so"))
        os.chown(os.path.join(linked, "pipe.so"), OWNER, OWNER)
        cls.config, cls.plugin_dirs = os.path.join(place.folder, "jobpool.toml"), [shared, strangers, linked, good]
        cls.write_config(f'access_group = "{GROUP}"\n')
        cls.daemon = Daemon(place, "main", "--config", cls.config)
        cls.addClassCleanup(cls.daemon.end)

    @classmethod
    def write_config(cls, group):
        with open(cls.config, "w", encoding="utf-8") as file:
            file.write(f"{group}plugin_dirs = {json.dumps(cls.plugin_dirs)}\n")

    def setUp(self):
        self.addCleanup(self.is_served)

    def is_served(self):
        """Whatever was tried, the daemon serves on, its own user first of all."""
        self.assertEqual(run_as(OWNER, lambda: self.daemon.apply("echo", "served")["stdout"]), "served\n")

    def open_to_all(self):
        """The file's mode is the first wall. Without it the broker's own is looked at."""
        os.chmod(self.daemon.socket, 0o666)
        self.addCleanup(os.chmod, self.daemon.socket, 0o660)

    def as_stranger(self, action, **more):
        return run_as(STRANGER, action, **more)

    # Who may connect

    def test_the_socket_is_its_owners_and_the_groups(self):
        status = os.stat(self.daemon.socket)
        self.assertEqual((status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)), (OWNER, GROUP, 0o660))
        with self.assertRaisesRegex(AssertionError, "PermissionError"):
            self.as_stranger(lambda: self.daemon.says(PING))

    def test_a_stranger_gets_permission_denied_to_the_first_call_and_a_closed_connection(self):
        self.open_to_all()
        witness = os.path.join(self.place.make("witness", 0o777), "ran")
        call = json.dumps({"method": "org.jobpool.Pool.Apply", "parameters": {"job": {"command": ["touch", witness]}}}).encode() + b"\0"
        for said in (PING, call, call + PING, b"no JSON at all\0"):
            self.assertEqual(self.as_stranger(lambda said=said: self.daemon.says(said)).encode(), PERMISSION_DENIED)
        self.is_served()  # after which a job of theirs would have run: there is one worker
        self.assertFalse(os.path.exists(witness))

    def test_a_stranger_is_told_nothing_before_the_call_has_ended(self):
        self.open_to_all()

        def halves():
            with self.daemon.connect() as connection:
                connection.sendall(PING[:10])
                self.daemon.says(PING)  # another connection, later, is over by now
                connection.setblocking(False)
                try:
                    return "told " + connection.recv(100).decode()
                except BlockingIOError:
                    connection.settimeout(PATIENCE)
                    connection.sendall(PING[10:])
                    return connection.recv(1000).decode()

        self.assertEqual(self.as_stranger(halves).encode(), PERMISSION_DENIED)

    def test_a_user_namespace_makes_nobody_somebody_else(self):
        self.open_to_all()
        if why := without_namespaces(STRANGER):
            return print(f"USER NAMESPACES NOT TRIED: this system gives its users none ({why})", file=sys.stderr)
        for inner in (0, OWNER, "nobody"):
            self.assertEqual(self.as_stranger(lambda: self.daemon.says(PING), namespace=inner).encode(), PERMISSION_DENIED)
        # Seen from inside of one, all others are the overflow uid: it is nobody's.
        inside = Daemon(self.place, "inside", before=("unshare", "--user", "--map-current-user", "--"), groups=())
        self.addCleanup(inside.end)
        os.chmod(inside.socket, 0o666)
        self.assertEqual(self.as_stranger(lambda: inside.says(PING)).encode(), PERMISSION_DENIED)
        self.assertEqual(run_as(OWNER, lambda: inside.apply("true"))["exitCode"], 0)
        nobody = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
        self.assertIn("uid 65534", start_fails(self.place, "--check-config", before=nobody, codes=(2,)))

    def test_a_member_of_the_group_acts_as_the_daemons_user(self):
        sent = ["LD_PRELOAD=/tmp/x.so", "BASH_ENV=/tmp/x", "HOME=/member", "USER=member", "XDG_RUNTIME_DIR=/run/user/3", "COLOR=blue"]
        job = {"environment": sent, "cwd": "/"}
        ending = run_as(MEMBER, lambda: self.daemon.apply("sh", "-c", "id -u; export -p", **job), groups=[7, GROUP])
        text = ending["stdout"]
        self.assertTrue(text.startswith(f"{OWNER}\n"), ending)
        self.assertIn("COLOR='blue'", text)
        self.assertIn("HOME='/owner'", text)
        for gone in ("LD_PRELOAD", "BASH_ENV", "member", "XDG_"):
            self.assertNotIn(gone, text)
        kept = run_as(OWNER, lambda: self.daemon.apply("sh", "-c", "export -p", environment=["BASH_ENV=/nowhere", "HOME=/x"], cwd="/"))
        self.assertIn("BASH_ENV='/nowhere'", kept["stdout"])
        with self.assertRaisesRegex(AssertionError, "PermissionError"):
            run_as(MEMBER, lambda: self.daemon.says(PING), groups=[7])

    def test_a_reload_shuts_members_out_and_lets_them_in_again(self):
        def reload():
            return subprocess.run([self.place.program("jobpool"), "--socket", self.daemon.socket, "reload", "--wait"], capture_output=True,
                                  timeout=PATIENCE, env=environment(), check=False).returncode

        for group, gid, mode in (("", OWNER, 0o600), (f'access_group = "{GROUP}"\n', GROUP, 0o660)):
            self.write_config(group)
            self.assertEqual(run_as(OWNER, reload, groups=[GROUP]), 0)
            status = os.stat(self.daemon.socket)
            self.assertEqual((status.st_gid, stat.S_IMODE(status.st_mode)), (gid, mode), self.daemon.log())
            os.chmod(self.daemon.socket, 0o666)
            said = run_as(MEMBER, lambda: self.daemon.says(PING[:-1] + b"\0no call\0"), groups=[GROUP]).encode()
            self.assertEqual(said == PERMISSION_DENIED, not group, said)
            os.chmod(self.daemon.socket, mode)

    # What is sent

    def test_descriptors_in_bulk_are_never_taken(self):
        self.open_to_all()
        folder = f"/proc/{self.daemon.pid('jobpool-broker')}/fd"

        def bulk():
            with self.daemon.connect() as connection, open("/dev/null", "rb") as null:
                for _ in range(3):  # more in flight the kernel does not take
                    socket.send_fds(connection, [b"x"], [null.fileno()] * 253)
                self.daemon.says(PING)
                connection.sendall(b"\0")
                return connection.recv(1000).decode()

        self.is_served()
        before = len(os.listdir(folder))
        self.assertEqual(self.as_stranger(bulk).encode(), PERMISSION_DENIED)
        self.assertEqual(self.as_stranger(lambda: self.daemon.says(PING, [2] * 253)).encode(), PERMISSION_DENIED)
        self.assertLessEqual(len(os.listdir(folder)), before)

    def test_overlong_calls_and_a_flood_of_connections_cost_the_owner_nothing(self):
        self.open_to_all()
        self.assertEqual(self.as_stranger(lambda: self.daemon.says(b"x" * (1 << 20))), "")

        def held_while_served():
            held = [self.daemon.connect() for _ in range(300)]
            ready.send(b"held")
            ready.recv(1)
            for connection in held:
                connection.close()
            return len(held)

        ready, other = socket.socketpair()
        child = os.fork()
        if child == 0:
            os._exit(0 if self.as_stranger(held_while_served) == 300 else 1)
        self.assertEqual(other.recv(4), b"held")
        self.is_served()
        other.send(b".")
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        ready.close()
        other.close()

    # What is on disk, and in /proc

    def test_plugins_that_others_could_change_are_not_loaded(self):
        log = self.daemon.log()
        for said in ("shared' is writable", "directory '.*strangers' belongs", "given.so' belongs", "link.so': '.*strangers' belongs",
                     "pipe.so' does not load"):
            self.assertRegex(log, said)
        self.assertEqual(self.daemon.call("Pool.Apply", job={"function": "cube", "arguments": "[3]"})["parameters"]["ending"]["result"], "27")
        with open(f"/proc/{self.daemon.pid('jobpool-worker')}/maps", encoding="utf-8") as maps:
            mapped = {line.split()[-1] for line in maps if self.place.folder in line and line.endswith(".so\n")}
        self.assertEqual(mapped, {os.path.join(self.place.folder, "good/good.so")})

    def test_state_memory_and_processes_are_out_of_reach(self):
        def errors():
            found = []
            for name, pid in self.daemon.pids():
                for attempt in (lambda pid=pid: os.listdir(f"/proc/{pid}/fd"), lambda pid=pid: os.kill(pid, 9),
                                lambda pid=pid: open(f"/proc/{pid}/mem", "rb").close(),
                                lambda pid=pid: open(f"/proc/{pid}/environ", "rb").read()):
                    try:
                        attempt()
                        found.append(name)
                    except PermissionError:
                        pass
            for path in (self.daemon.state, self.daemon.state + "/output"):
                try:
                    found.append(os.listdir(path))
                except PermissionError:
                    pass
            return found, len(self.daemon.pids())

        self.assertEqual(self.as_stranger(errors)[0], [])
        self.assertGreaterEqual(self.as_stranger(errors)[1], 3)

    def test_what_was_planted_or_swapped_in_the_way_of_a_start_is_refused(self):
        place, strangers = self.place, self.place.make("trap", 0o777, STRANGER)
        ours, precious = place.make("ours", 0o755, OWNER), os.path.join(place.folder, "precious")
        with open(precious, "w", encoding="utf-8") as file:
            file.write("precious")
        os.chown(precious, OWNER, OWNER)
        run = ("--socket", os.path.join(ours, "socket"))

        def plant():
            os.mkdir(strangers + "/made", 0o777)
            os.symlink(ours, strangers + "/link")
            os.symlink(precious, strangers + "/config")
            for folder in temporary:
                with socket.socket(socket.AF_UNIX) as listening:
                    listening.bind(folder + "/socket")

        # The second is how root's looks in a user namespace that has no number for root.
        temporary = [place.make("tmp", 0o1777), place.make("tmp-of-nobody", 0o1777, 65534)]
        self.as_stranger(plant)
        self.assertIn("belongs to another user", start_fails(place, *run, "--state-dir", strangers + "/made"))
        self.assertIn("symbolic link", start_fails(place, *run, "--state-dir", strangers + "/link"))
        state = ("--state-dir", os.path.join(ours, "state"))
        self.assertIn(f"belongs to uid {STRANGER}", start_fails(place, *state, "--socket", strangers + "/socket"))
        for folder in temporary:
            self.assertIn(f"uid {STRANGER} has put one there", start_fails(place, *state, "--socket", folder + "/socket"))

        # A directory that was open for a while, with jobs, links and pipes in it that nobody of ours has made.
        for what in ("jobs.sqlite", "lock", "instance.new", "output"):
            opened = place.make("open-" + what, 0o777, OWNER)
            at = os.path.join(opened, what)
            self.as_stranger(lambda at=at: os.symlink(precious, at))
            self.assertIn("not empty", start_fails(place, *run, "--state-dir", opened))
        opened = place.make("open-pipe", 0o777, OWNER)
        self.as_stranger(lambda: os.mkfifo(opened + "/instance"))
        self.assertIn("not empty", start_fails(place, *run, "--state-dir", opened))
        with open(precious, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")
        self.assertEqual(stat.S_IMODE(os.stat(ours).st_mode), 0o755)

    def test_the_command_line_starts_no_daemon_in_somebody_elses_directory(self):
        for mode, uid, reason in ((0o755, STRANGER, "no directory of yours"), (0o777, OWNER, "writable by others")):
            runtime = self.place.make(f"runtime-{uid}", 0o777, OWNER)
            os.mkdir(runtime + "/jobpool")
            os.chmod(runtime + "/jobpool", mode)
            os.chown(runtime + "/jobpool", uid, uid)
            ended = subprocess.run([self.place.program("jobpool"), "apply", "--", "true"], user=OWNER, group=OWNER, extra_groups=[],
                                   capture_output=True, text=True, timeout=PATIENCE, cwd="/", check=False,
                                   env={**environment(XDG_RUNTIME_DIR=runtime, HOME=runtime), "JOBPOOL_NO_AUTOSTART": ""})
            self.assertEqual(ended.returncode, 125)
            self.assertIn(reason, ended.stderr)


if __name__ == "__main__":
    become_root_of_many()
    if not can_become_others():
        print("ONE UID ONLY: neither root nor subordinate uids (newuidmap, /etc/subuid): no second user can be made here, and nothing was tried "
              "by one. What one uid can show of the same guards is in supervisor_test, broker_server_test, broker_rpc_test and worker_test.")
        sys.exit(0)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
