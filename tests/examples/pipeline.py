#!/usr/bin/env python3
"""Submits N jobs over one connection without waiting for answers in between, then waits for all: pipeline.py SOCKET N"""
import json, socket, sys, threading

if len(sys.argv) != 3:
    sys.exit("usage: " + __doc__.split(": ")[-1])
path, count = sys.argv[1], int(sys.argv[2])
daemon = socket.socket(socket.AF_UNIX)
daemon.connect(path)

def call(method, parameters):
    return json.dumps({"method": method, "parameters": parameters}).encode() + b"\0"

def submit_all():
    job = {"job": {"function": "square", "arguments": "[7]"}}
    daemon.sendall(call("org.jobpool.Pool.ApplyAsync", job) * count)

threading.Thread(target=submit_all).start()
replies, rest = [], b""
while len(replies) < count:
    *messages, rest = (rest + daemon.recv(1 << 20)).split(b"\0")
    replies += [json.loads(message) for message in messages]
ids = [reply["parameters"]["id"] for reply in replies]
assert len(set(ids)) == count, "an id was given twice"
daemon.sendall(call("org.jobpool.Job.Wait", {"ids": ids}) + call("org.jobpool.Job.Get", {"id": ids[-1]}))
while rest.count(b"\0") < 2:
    rest += daemon.recv(1 << 20)
waited, last = (json.loads(message) for message in rest.split(b"\0")[:2])
assert "error" not in waited and last["parameters"]["ending"]["result"] == "49", (waited, last)
print(f"{count} jobs submitted and done")
