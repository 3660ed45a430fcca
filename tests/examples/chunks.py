#!/usr/bin/env python3
"""Maps a function over many items with Python's own modules: chunks of them as jobs, all on one connection.

    chunks.py SOCKET COUNT

Maps @square over 1 to COUNT, in chunks as multiprocessing makes them, in each of the three ways there are, and checks the results: a call
for each chunk, one call for all of them, and a batch, whose results are had by its id whenever that is.
"""
import json
import socket
import sys


class Daemon:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.input = b""

    def send(self, method, more=False, **parameters):
        call = {"method": "org.jobpool." + method, "parameters": parameters}
        if more:
            call["more"] = True
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def message(self):
        while b"\0" not in self.input:
            piece = self.socket.recv(1 << 20)
            if not piece:
                sys.exit("the daemon closed the connection")
            self.input += piece
        message, self.input = self.input.split(b"\0", 1)
        answer = json.loads(message)
        if "error" in answer:
            sys.exit(f"{answer['error']}: {answer.get('parameters')}")
        return answer

    def reply(self):
        return self.message().get("parameters", {})

    def replies(self):
        """Of a call that has several."""
        continues = True
        while continues:
            answer = self.message()
            continues = answer.get("continues", False)
            yield answer["parameters"]

    def call(self, method, **parameters):
        self.send(method, **parameters)
        return self.reply()


def results_of(ending):
    """What the items of a chunk gave. An item that failed has its error in their place."""
    if "result" not in ending:
        raise RuntimeError(ending["reason"])
    chunk = json.loads(ending["result"])
    for error in chunk.get("errors", []):
        chunk["results"][error["index"]] = RuntimeError(f"{error['errorType']}: {error['reason']}")
    return chunk["results"]


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    daemon = Daemon(path)
    items = range(1, count + 1)
    workers = max(daemon.call("Pool.Status")["pools"][0]["workers"], 1)
    size, rest = divmod(len(items), workers * 4)
    size += 1 if rest else 0
    chunks = [json.dumps([[x] for x in items[i:i + size]]) for i in range(0, len(items), size)]

    # All are sent before the first answer is read: they run at the same time, and the answers come in their order.
    for chunk in chunks:
        daemon.send("Pool.Apply", job={"function": "square", "items": chunk})
    squares = [result for _ in chunks for result in results_of(daemon.reply()["ending"])]
    assert squares == [x * x for x in items]

    # One call for all of them, which costs less for each. It is answered piece by piece as they end, in whatever order that is.
    numbered = [{"number": number, "items": chunk} for number, chunk in enumerate(chunks)]
    daemon.send("Pool.ApplyAll", more=True, job={"function": "square"}, chunks=numbered)
    results = {}
    for reply in daemon.replies():
        for chunk in reply["endings"]:
            if "error" in chunk:
                raise RuntimeError(f"{chunk['error']}: {chunk['parameters']}")
            results[chunk["number"]] = results_of(chunk["ending"])
    assert [result for number in sorted(results) for result in results[number]] == squares

    # On disk before the id is answered; whoever has the id, now or later, can have the results.
    batch = daemon.call("Pool.Map", job={"function": "square"}, chunks=chunks)["id"]
    ending = daemon.call("Job.Get", id=batch)["ending"]
    assert ending["outcome"] == "succeeded"
    squares = []
    for chunk in ending["chunks"]:
        squares += results_of(daemon.call("Job.Get", id=chunk)["ending"])
    assert squares == [x * x for x in items]
    print(f"{count} squares in {len(chunks)} chunks, the last is {squares[-1]}")


if __name__ == "__main__":
    main()
