"""Somebody who swaps one thing for another in somebody else's way, all the time, as fast as he can."""
import ctypes
import os
import signal
import sys

from users import become

AT_FDCWD, RENAME_EXCHANGE, PR_SET_PDEATHSIG = -100, 2, 1


class Swapper:
    """A process of `uid` that exchanges the two names of each pair in turn, to the end of the `with`. No name is ever free meanwhile."""

    def __init__(self, uid, *pairs):
        self.uid, self.pairs = uid, [(one.encode(), other.encode()) for one, other in pairs]
        self.child, self.told = None, None

    def __enter__(self):
        self.told, tells = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            try:
                become(self.uid)
                self.swap_for_ever(tells)
            finally:
                print("swapper:", sys.exc_info()[1], file=sys.stderr, flush=True)
                os._exit(1)
        os.close(tells)
        assert os.read(self.told, 1) == b"+", "nothing can be swapped here"
        return self

    def swap_for_ever(self, tells):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        while True:
            for one, other in self.pairs:
                if libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) != 0:
                    error = ctypes.get_errno()
                    raise OSError(error, os.strerror(error), one.decode())
            if tells >= 0:
                os.write(tells, b"+")  # all of it can be
                os.close(tells)
                tells = -1

    def __exit__(self, *_):
        os.kill(self.child, signal.SIGKILL)
        ended = os.waitpid(self.child, 0)[1]
        os.close(self.told)
        assert os.WIFSIGNALED(ended), "it had stopped swapping"
