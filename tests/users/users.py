"""Second users for tests: processes that really run as other uids, and what to do where there are none.

Root has every uid. Who is not root, but has subordinate uids (newuidmap, /etc/subuid), runs the test anew as root of a user namespace with
these. Else there is one uid, and the test says so.
"""
import ctypes
import json
import os
import shutil
import subprocess
import sys
import traceback

OWNER, STRANGER, MEMBER, GROUP = 64101, 64102, 64103, 64110
CLONE_NEWUSER = 0x10000000


def become(uid, groups=()):
    os.setgroups(list(groups))
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def can_become_others():
    """Whether this process may take on the users above: not in a namespace that has no numbers for them."""
    if os.geteuid() != 0:
        return False
    child = os.fork()
    if child == 0:
        try:
            become(STRANGER, [GROUP])
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def become_root_of_many():
    """Does not return where the caller has subordinate uids: the test begins anew, as root over these."""
    if os.geteuid() == 0 or os.environ.get("JOBPOOL_TEST_OF_MANY") or not shutil.which("newuidmap"):
        return
    namespace = ["unshare", "--user", "--map-root-user", "--map-auto", "--"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0:
        os.execvpe(namespace[0], [*namespace, sys.executable, *sys.argv], {**os.environ, "JOBPOOL_TEST_OF_MANY": "1"})


def run_as(uid, action, groups=(), namespace=None):
    """What action() returns, in a process of that user's. namespace: it first enters a user namespace of its own, as the uid named there;
    0: as its root; None: in none."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        answer = {}
        try:
            if uid != os.geteuid():
                become(uid, groups)
            if namespace is not None:
                enter_namespace(namespace)
            answer = {"result": action()}
        except BaseException:  # pylint: disable=broad-except  # told to the parent, whatever it is
            answer = {"failed": traceback.format_exc()}
        os.write(write_end, json.dumps(answer).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        answer = json.loads(pipe.read() or '{"failed": "it died"}')
    os.waitpid(child, 0)
    if "failed" in answer:
        raise AssertionError(answer["failed"])
    return answer["result"]


def enter_namespace(inner):
    """`inner`: what its uid becomes there; "nobody": it gets no number, and is the overflow uid."""
    outer = os.geteuid()
    libc = ctypes.CDLL(None, use_errno=True)
    # Who has changed its uid may not write its own /proc files without this.
    if libc.prctl(4, 1, 0, 0, 0) != 0 or libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    if inner == "nobody":
        return
    # Bytes: the file of a codec may be out of that user's reach.
    uid_map = os.open("/proc/self/uid_map", os.O_WRONLY)
    os.write(uid_map, f"{inner} {outer} 1".encode())
    os.close(uid_map)


def without_namespaces(uid):
    """Why that user may make no user namespace: hosts and containers may forbid it. Empty: it may."""
    def why():
        try:
            enter_namespace(0)
            return ""
        except OSError as error:
            return str(error)
    return run_as(uid, why)
