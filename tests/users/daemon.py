"""One daemon of OWNER's, the folders that it shares with other users, and how its start fails."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from users import GROUP, OWNER

PATIENCE = 20  # seconds, of whatever is waited for


class Place:
    """Programs, plugins and folders that the users share; everybody may pass, nobody may write. Made once."""

    def __init__(self, programs):
        self.folder = tempfile.mkdtemp(prefix="jobpool-users-")
        os.chmod(self.folder, 0o755)
        # The build's folder need not be open to others.
        self.programs = self.make("programs", 0o755)
        for name in ("jobpoold", "jobpool-broker", "jobpool-worker", "jobpool"):
            shutil.copy(os.path.join(programs, name), self.programs)

    def make(self, name, mode, uid=None):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        os.chmod(path, mode)
        if uid is not None:
            os.chown(path, uid, uid)
        return path

    def program(self, name):
        return os.path.join(self.programs, name)


def of_size(usual, nightly):
    """As tests/support/test_size.hpp has it."""
    said, _, parts = os.environ.get("JOBPOOL_TEST_SIZE", "").partition("/")
    if not said.startswith("nightly"):
        return usual
    return max(nightly // int(parts or 1), 1)


def environment(**more):
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "JOBPOOL_NO_AUTOSTART": "1",
            **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}, **more}


def start_fails(place, *options, user=OWNER, before=(), codes=(1,)):
    """jobpoold's last words. It must not start; one that hangs is ended with the test."""
    words = [*before, place.program("jobpoold"), "-j", "0", *options]
    ended = subprocess.run(words, user=user, group=user, extra_groups=[], capture_output=True, text=True, timeout=PATIENCE,
                           cwd="/", env=environment(HOME=place.folder), check=False)
    assert ended.returncode in codes, f"exit code {ended.returncode}: {ended.stderr}"
    return ended.stderr


class Daemon:
    """One daemon of OWNER's, with an access group; ready when made."""

    def __init__(self, place, name, *options, before=(), groups=(GROUP,)):
        self.socket = os.path.join(place.make(name + "-run", 0o711, OWNER), "socket")
        self.state = os.path.join(place.folder, name + "-state")
        os.mkdir(self.state, 0o700)
        os.chown(self.state, OWNER, OWNER)
        self.log_path = os.path.join(place.folder, name + "-log")
        self.place = place
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, open(self.log_path, "wb") as log:
            address = os.path.join(place.folder, name + "-notify")
            told.bind(address)
            os.chmod(address, 0o666)
            told.settimeout(PATIENCE)
            words = [*before, place.program("jobpoold"), "-j", "1", "--socket", self.socket, "--state-dir", self.state, *options]
            self.process = subprocess.Popen(words, user=OWNER, group=OWNER, extra_groups=list(groups), stderr=log, cwd="/",
                                            env=environment(HOME="/owner", NOTIFY_SOCKET=address))
            try:
                while b"READY=1" not in told.recv(4096):
                    pass
            except OSError as error:
                self.end()
                raise AssertionError(self.log()) from error

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(self.socket)
        except OSError:
            connection.close()
            raise
        return connection

    def says(self, data, fds=()):
        """All that comes back until the daemon closes, of a caller that goes on listening; "" of a reset."""
        with self.connect() as connection:
            try:
                if fds:
                    socket.send_fds(connection, [data], list(fds))
                else:
                    connection.sendall(data)
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
                return answer.decode()
            except (BrokenPipeError, ConnectionResetError):
                return ""

    def call(self, method, **parameters):
        with self.connect() as connection:
            connection.sendall(json.dumps({"method": "org.jobpool." + method, "parameters": parameters}).encode() + b"\0")
            answer = b""
            while not answer.endswith(b"\0"):
                piece = connection.recv(65536)
                assert piece, "closed unanswered"
                answer += piece
            return json.loads(answer[:-1])

    def apply(self, *command, **more):
        return self.call("Pool.Apply", job={"command": list(command), **more})["parameters"]["ending"]

    def pids(self):
        """Of all that belongs to it."""
        wanted, found = self.socket.encode(), []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if wanted in words and os.path.basename(words[0]).startswith(b"jobpool"):
                found.append((os.path.basename(words[0]).decode(), int(name)))
        return found

    def pid(self, program):
        """By what it calls itself, which is at most 15 bytes: a spare worker is no worker."""
        return next(pid for _, pid in self.pids() if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == program)
