#!/usr/bin/env python3
"""Four producers and four consumers over one named queue, some of whom are killed at random, and the daemon's broker too:

    producers_consumers.py SOCKET COUNT [durable] [brokers-only] [BROKERS_TO_KILL]

Then every item was seen at most once, and none is missing but those that a killed consumer had taken; with `brokers-only` there is none. Python's own modules only."""
import json, os, random, secrets, signal, socket, sys, tempfile, time

BATCH = 50


class Queue:
    """A queue as multiprocessing has it. Each call has a key, so that it can be said again when the broker died meanwhile."""

    def __init__(self, path, name):
        self.path, self.name, self.daemon, self.rest = path, name, None, b""

    def call(self, method, **parameters):
        message = json.dumps({"method": "org.jobpool." + method, "parameters": parameters}).encode() + b"\0"
        until = time.monotonic() + 10
        while True:
            try:
                if self.daemon is None:
                    self.daemon, self.rest = socket.socket(socket.AF_UNIX), b""
                    self.daemon.connect(self.path)
                self.daemon.sendall(message)
                while b"\0" not in self.rest:
                    piece = self.daemon.recv(1 << 20)
                    if not piece:
                        raise ConnectionError("the broker is gone")
                    self.rest += piece
            except OSError:
                self.daemon = None
                if time.monotonic() > until:
                    raise
                continue
            reply, self.rest = self.rest.split(b"\0", 1)
            reply = json.loads(reply)
            if "error" in reply:
                raise RuntimeError(reply["error"])
            return reply.get("parameters", {})

    def put(self, values):
        self.call("Queue.Put", name=self.name, items=[json.dumps(value) for value in values], key=secrets.token_hex(16))

    def get(self, count):
        items = self.call("Queue.Get", name=self.name, count=count, key=secrets.token_hex(16))["items"]
        return [json.loads(item) for item in items]


def produce(path, numbers, journal, progress):
    """Notes what it is about to put, and what was put."""
    queue = Queue(path, "numbers")
    for at in range(0, len(numbers), BATCH):
        batch = numbers[at : at + BATCH]
        os.write(journal, b"".join(b"try %d\n" % number for number in batch))
        queue.put(batch)
        os.write(journal, b"".join(b"put %d\n" % number for number in batch))
    os.write(progress, b"p")


def consume(path, journal, progress):
    """Notes what it has taken; None is the end."""
    queue = Queue(path, "numbers")
    while True:
        batch = queue.get(BATCH)
        os.write(journal, b"".join(b"got %d\n" % number for number in batch if number is not None))
        os.write(progress, b"." * len(batch))
        ends = batch.count(None)
        if ends:
            if ends > 1:  # the others' share
                queue.put([None] * (ends - 1))
            return


class Crew:
    """The processes: each writes a journal of its own, and all of them a byte for each item that was taken and each producer that is done."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.progress, self.progress_end = os.pipe()

    def start(self, work, *arguments):
        journal = os.open(os.path.join(self.folder, secrets.token_hex(4)), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(self.path, *arguments, journal, self.progress_end)
                status = 0
            finally:
                os._exit(status)
        os.close(journal)
        return child

    def noted(self, word):
        numbers = []
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name)) as lines:
                numbers += [int(line.split()[1]) for line in lines if line.startswith(word) and line.endswith("\n")]
        return numbers


def kill(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(path, count, durable, brokers_only, broker_kills):
    admin = Queue(path, "numbers")
    admin.call("Queue.Create", name="numbers", maxsize=1000, durable=durable, existOk=True)
    with tempfile.TemporaryDirectory() as folder:
        crew = Crew(path, folder)
        ends = [count * (i + 1) // 4 for i in range(4)]
        producers = {crew.start(produce, range(count * i // 4, ends[i])): ends[i] for i in range(4)}
        consumers = [crew.start(consume) for _ in range(4)]
        # Eight consumers, a producer and some brokers die, spread over the work.
        deaths = ["broker"] * broker_kills + ([] if brokers_only else ["consumer"] * 8 + ["producer"])
        random.shuffle(deaths)
        times = sorted(random.randrange(1, max(count * 9 // 10, 2)) for _ in deaths)
        taken, producers_done, consumers_killed = 0, 0, 0
        while producers_done < 4:
            news = os.read(crew.progress, 1 << 16)
            taken += news.count(b".")
            producers_done += news.count(b"p")
            if not times or taken < times[0]:
                continue
            times.pop(0)
            victim = deaths.pop()
            if victim == "broker":
                os.kill(admin.call("Pool.Hello")["brokerPid"], signal.SIGKILL)
            elif victim == "consumer":
                kill(consumers.pop(random.randrange(4)))
                consumers.append(crew.start(consume))
                consumers_killed += 1
            elif producers_done == 0:
                child, end = random.choice(sorted(producers.items()))
                kill(child)
                del producers[child]
                mine = [number for number in crew.noted("try") if end - count // 4 <= number < end]
                producers[crew.start(produce, range(max(mine, default=end - count // 4 - 1) + 1, end))] = end
        for child in producers:
            assert os.waitpid(child, 0)[1] == 0, "a producer failed"
        admin.put([None] * 4)
        for child in consumers:
            assert os.waitpid(child, 0)[1] == 0, "a consumer failed"
        left = admin.call("Queue.Size", name="numbers")["size"]
        tried, put, got = crew.noted("try"), set(crew.noted("put")), crew.noted("got")
    assert left == 0, f"{left} items are left"
    assert len(got) == len(set(got)), "an item was seen twice"
    assert set(got) <= set(tried), "an item was seen that nobody has put"
    missing = len(put - set(got))
    assert missing <= consumers_killed * BATCH, f"{missing} items are lost, of {consumers_killed} killed consumers"
    assert len(put) >= count - BATCH, f"only {len(put)} were put"
    admin.call("Queue.Delete", name="numbers")
    print(f"{len(put)} put, {len(got)} seen once, {missing} taken by {consumers_killed} killed consumers")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    words = sys.argv[3:]
    kills = [int(word) for word in words if word.isdigit()]
    main(sys.argv[1], int(sys.argv[2]), "durable" in words, "brokers-only" in words, kills[0] if kills else 0)
