#!/usr/bin/env python3
"""multiprocessing's Pool, Queue and Process, as a service, with Python's own modules only:

    processes.py SOCKET

Two processes take numbers from one queue and put their squares, which a pool computed, into another. A third never ends by itself.
"""
import json
import shutil
import socket
import sys


class Daemon:
    """One connection; a call at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.input = b""

    def call(self, method, **parameters):
        call = {"method": "org.jobpool." + method, "parameters": parameters}
        self.socket.sendall(json.dumps(call).encode() + b"\0")
        while b"\0" not in self.input:
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise ConnectionError("the daemon closed the connection")
            self.input += piece
        message, self.input = self.input.split(b"\0", 1)
        answer = json.loads(message)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']}: {answer.get('parameters')}")
        return answer.get("parameters", {})

    # Pool
    def apply(self, function, *arguments):
        ending = self.call("Pool.Apply", job={"function": function, "arguments": json.dumps(arguments)})["ending"]
        if ending["outcome"] != "succeeded":
            raise RuntimeError(f"{ending.get('errorType', ending['outcome'])}: {ending.get('reason')}")
        return json.loads(ending["result"])

    # Queue
    def put(self, queue, item):
        self.call("Queue.Put", name=queue, items=[json.dumps(item)])

    def get(self, queue):
        return json.loads(self.call("Queue.Get", name=queue)["items"][0])


class Process:
    """multiprocessing.Process: a command, or a function of a plugin by its name."""

    def __init__(self, daemon, command=None, function=None, arguments=()):
        self.daemon = daemon
        self.target = {"command": command} if command else {"function": function, "arguments": json.dumps(arguments)}

    def start(self):
        self.name = self.daemon.call("Process.Start", target=self.target)["name"]

    def join(self, timeout=None):
        limit = {} if timeout is None else {"timeoutUSec": int(timeout * 1_000_000)}
        try:
            self.daemon.call("Process.Join", name=self.name, **limit)
        except RuntimeError as error:  # as in Python it is no error: ask is_alive()
            if not str(error).startswith("org.jobpool.Process.TimedOut"):
                raise

    def is_alive(self):
        return self.daemon.call("Process.Alive", name=self.name)["alive"]

    def terminate(self):
        self.daemon.call("Process.Terminate", name=self.name)

    @property
    def exitcode(self):
        return self.daemon.call("Process.Show", name=self.name)["process"].get("exitCode")


def work(path):
    """What each of the two processes does."""
    daemon = Daemon(path)
    while (number := daemon.get("numbers")) is not None:
        daemon.put("squares", daemon.apply("square", number))


def main(path):
    daemon = Daemon(path)
    for queue in ("numbers", "squares"):
        daemon.call("Queue.Create", name=queue)
    workers = [Process(daemon, command=[shutil.which("python3"), __file__, path, "work"]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for number in [*range(1, 11), None, None]:
        daemon.put("numbers", number)
    print("squares", sorted(daemon.get("squares") for _ in range(10)))
    for worker in workers:
        worker.join()
    print("exit codes", [worker.exitcode for worker in workers])

    endless = Process(daemon, function="sleep", arguments=[1_000_000])
    endless.start()
    endless.join(timeout=0.05)
    print("alive", endless.is_alive(), "exit code", endless.exitcode)
    endless.terminate()
    endless.join()
    print("alive", endless.is_alive(), "exit code", endless.exitcode)
    for queue in ("numbers", "squares"):
        daemon.call("Queue.Delete", name=queue)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    work(sys.argv[1]) if sys.argv[2:] == ["work"] else main(sys.argv[1])
