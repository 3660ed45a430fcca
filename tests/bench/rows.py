"""What `run` runs, and what is wanted of it: the targets, row by row, each told by figures of one run."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Run:
    name: str  # in the checks below and in RESULTS.md
    words: tuple  # of the program
    quick: tuple = ()  # in place of full sizes: a moment each, worth nothing as figures
    program: str = "jobpool_bench"  # or "costs", or "micro"


@dataclasses.dataclass(frozen=True)
class Check:
    run: str
    key: str
    says: str
    operator: str = ""  # "<=", "<", ">=", ">"; empty: shown, and not judged
    target: float = 0
    stretch: float | None = None
    peer: bool = False  # there only where the peer is installed

    def holds(self, seen, bound):
        return {"<=": seen <= bound, "<": seen < bound, ">=": seen >= bound, ">": seen > bound}[self.operator]


@dataclasses.dataclass(frozen=True)
class Row:
    number: int
    what: str
    checks: tuple


def _quick(*words):
    return words


RUNS = (
    Run("apply.one_cpu", ("apply_latency", "--one-cpu"), _quick("--calls=50", "--rounds=1")),
    Run("apply.quiet", ("apply_latency",), _quick("--calls=50", "--rounds=1")),
    Run("async.ephemeral", ("async_rate",), _quick("--jobs=500", "--rounds=1")),
    Run("async.durable", ("async_rate", "--durable=1"), _quick("--jobs=200", "--rounds=1")),
    Run("durable_submit.one_cpu", ("durable_submit", "--one-cpu"), _quick("--singles=5", "--warm-up=5", "--jobs=100", "--rounds=1")),
    Run("durable_submit.quiet", ("durable_submit",), _quick("--singles=5", "--warm-up=5", "--jobs=100", "--rounds=1")),
    Run("map.default", ("map_rate",), _quick("--items=1000", "--rounds=1")),
    Run("map.one", ("map_rate", "--chunk=1", "--items=50000"), _quick("--items=100", "--rounds=1")),
    Run("commands", ("commands",), _quick("--jobs=10", "--rounds=1")),
    Run("processes.one_cpu", ("verb_processes", "--one-cpu"), _quick("--runs=1", "--rounds=1", "--warm-up=0")),
    Run("processes.quiet", ("verb_processes",), _quick("--runs=1", "--rounds=1", "--warm-up=0")),
    Run("queued.durable", ("million_queued",), _quick("--jobs=500", "--submits=100", "--rounds=1")),
    Run("queued.ephemeral", ("million_queued", "--durable=0"), _quick("--jobs=500", "--submits=100", "--rounds=1")),
    Run("idle", ("idle",), _quick("--milliseconds=50")),
    Run("recovery", ("recovery",), _quick("--rounds=1")),
    Run("connections", ("connections",), _quick("--connections=20", "--workers=4", "--calls=200", "--rounds=1")),
    Run("payload", ("payload",), _quick("--bytes=1000", "--calls=1", "--rounds=1")),
    Run("queue_items", ("queue_items",), _quick("--singles=5", "--items=100", "--rounds=1")),
    Run("queue_words", ("queue_words",), _quick("--milliseconds=10", "--rounds=1")),
    Run("store_commit", ("store_commit",), _quick("--singles=2", "--jobs=1000", "--rounds=1")),
    Run("isolation", ("isolation",), _quick("--places=2", "--calls=50", "--rounds=1")),
    Run("copy_tree", ("copy_tree", "--files=5000", "--large=128", "--rounds=3"), _quick("--files=20", "--large=1", "--rounds=1")),
    Run("scale.queued.latency", ("scale", "--axis=queued", "--part=latency", "--one-cpu"), _quick("--most=100", "--calls=20", "--rounds=1")),
    Run("scale.queued.rate", ("scale", "--axis=queued", "--part=rate"), _quick("--most=100", "--calls=20", "--rounds=1")),
    Run("scale.workers.latency", ("scale", "--axis=workers", "--part=latency", "--one-cpu"), _quick("--most=2", "--calls=20", "--rounds=1")),
    Run("scale.workers.rate", ("scale", "--axis=workers", "--part=rate"), _quick("--most=2", "--calls=20", "--rounds=1")),
    Run("scale.connections.latency", ("scale", "--axis=connections", "--part=latency", "--one-cpu"), _quick("--most=5", "--calls=20", "--rounds=1")),
    Run("scale.connections.rate", ("scale", "--axis=connections", "--part=rate"), _quick("--most=5", "--calls=20", "--rounds=1")),
    Run("scale.payload.latency", ("scale", "--axis=payload", "--part=latency", "--one-cpu"), _quick("--most=1000", "--calls=20", "--rounds=1")),
    Run("scale.payload.rate", ("scale", "--axis=payload", "--part=rate"), _quick("--most=1000", "--calls=20", "--rounds=1")),
    Run("costs", (), _quick("--quick", "--kinds=apply", "--tools=plain,counter"), program="costs"),
    Run("micro", (), _quick("--benchmark_min_time=0.001", "--benchmark_filter=-1000000"), program="micro"),
)

ROWS = (
    Row(1, "`apply @noop`, one connection, the library: p50", (
        Check("apply.one_cpu", "apply/chain.p50", "one CPU, against the bare chain", "<=", 2.0, 1.5),
        Check("apply.one_cpu", "apply/python.p50", "one CPU, against Python's `Pool.apply`", "<", 1.0, peer=True),
        Check("apply.one_cpu", "apply/beanstalkd.p50", "one CPU, against beanstalkd's put, reserve, delete", "<", 1.0, peer=True),
        Check("apply.one_cpu", "apply/gearmand.library.p50", "one CPU, against gearmand's foreground job, by its own library", "<=", 1 / 3, peer=True),
        Check("apply.one_cpu", "apply/gearmand.protocol.p50", "*shown*: the same by its bare protocol, spoken by us", peer=True),
        Check("apply.quiet", "apply/python.p50", "unpinned, against Python's `Pool.apply`", "<", 1.0, peer=True),
        Check("apply.quiet", "apply/chain.p50", "unpinned, against the bare chain (only a stretch: below it)"))),
    Row(2, "the same: p99", (
        Check("apply.one_cpu", "apply.p99/apply.p50", "against its own p50", "<=", 3.0),
        Check("apply.one_cpu", "apply/chain.p99", "against the chain's p99", "<=", 2.0))),
    Row(3, "pipelined `ApplyAsync @noop`, ephemeral, submit to outcome, 2 workers", (
        Check("async.ephemeral", "async.done", "jobs/s", ">=", 100_000, 250_000),
        Check("async.ephemeral", "async.done/python", "against Python's `apply_async`", ">=", 3, peer=True),
        Check("async.ephemeral", "async.done/beanstalkd.pipelined", "against beanstalkd, pipelined 64 to a write", ">=", 2, peer=True),
        Check("async.ephemeral", "async.done/beanstalkd.one", "*shown*: the same, one put at a time", peer=True),
        Check("async.ephemeral", "async.done/gearmand.library", "against gearmand by its own library, one submit at a time", ">=", 10, peer=True),
        Check("async.ephemeral", "async.done/gearmand.pipelined", "*shown*: against gearmand's bare protocol, pipelined 64 to a write by us", peer=True),
        Check("async.ephemeral", "async.done/stream.done", "against the bare stream"))),
    Row(4, "the same, durable", (
        Check("async.durable", "async.done/beanstalkd.one", "against beanstalkd with fsync, one put at a time", ">=", 15, peer=True),
        Check("async.durable", "async.done/beanstalkd.pipelined", "*shown*: the same, pipelined 64 to a write", peer=True),
        Check("async.durable", "async.done/gearmand.library", "against gearmand with SQLite by its own library, one submit at a time", ">=", 80, peer=True),
        Check("async.durable", "async.done/gearmand.pipelined", "*shown*: against its bare protocol, pipelined 64 to a write by us", peer=True),
        Check("async.durable", "async.done", "jobs/s (only a stretch: 60,000)"),
        Check("async.durable", "async.done/rows", "against bare SQLite rows, 1,000 to a commit"))),
    Row(5, "one durable submit at a time: p50", (
        Check("durable_submit.one_cpu", "submit.queued/commit.bare", "one CPU, against one bare SQLite commit", "<=", 1.5, 1.2),
        Check("durable_submit.one_cpu", "chain/commit.bare", "*shown*: one CPU, that commit asked for through four bare wake-ups, against the commit"),
        Check("durable_submit.quiet", "submit.queued/commit.bare", "*shown*: unpinned, against one bare SQLite commit"),
        Check("durable_submit.quiet", "chain/commit.bare", "*shown*: unpinned, that commit asked for through four bare wake-ups, against the commit"),
        Check("durable_submit.quiet", "submit.queued/chain", "*shown*: unpinned, ours against that"),
        Check("durable_submit.quiet", "submit.run/commit.bare", "*shown*: unpinned, while two workers run them"))),
    Row(6, "`map @square` over 1,000,000 integers, default chunks", (
        Check("map.default", "python.item/map.item", "rate against Python's `Pool.map`", ">=", 1.0, 2.0, peer=True),
        Check("map.default", "map.item/loop.item", "time of an item against a plain loop"))),
    Row(7, "`map`, chunks of one", (
        Check("map.one", "python.item/map.item", "rate against Python's", ">=", 8, 12, peer=True),
        Check("map.one", "map.rate", "items/s"))),
    Row(8, "2,000 times /bin/true as jobs, two workers, output captured", (
        Check("commands", "commands.ephemeral/spawns", "ephemeral, against bare spawns", ">=", 0.85, 0.95),
        Check("commands", "commands.durable/spawns", "durable, against bare spawns", ">=", 0.85, 0.95),
        Check("commands", "commands.ephemeral/xargs", "ephemeral, against `xargs -P2`", ">", 1.0, peer=True),
        Check("commands", "commands.durable/xargs", "durable, against `xargs -P2`", ">", 1.0, peer=True),
        Check("commands", "commands.durable/tsp", "durable, against task-spooler", ">=", 2.5, peer=True),
        Check("commands", "commands.durable/parallel", "durable, against GNU parallel", ">=", 8, peer=True))),
    Row(9, "one command typed, as a process", (
        Check("processes.quiet", "apply_async/minimal", "unpinned, `apply-async --ephemeral`, against the minimal client", "<=", 1.4, 1.15),
        Check("processes.quiet", "apply_async.paused/minimal", "*shown*: the same to a paused pool, the submission alone"),
        Check("processes.one_cpu", "apply_async.paused/minimal", "*shown*: the same to a paused pool, on one CPU"),
        Check("processes.one_cpu", "apply_async/minimal", "*shown*: to an idle pool on one CPU, where the job's own run is in it"),
        Check("processes.quiet", "apply/minimal.run", "unpinned, `apply`, against the minimal client that has a command run", "<=", 1.3, 1.15),
        Check("processes.one_cpu", "apply/minimal.run", "*shown*: the same on one CPU"),
        Check("processes.quiet", "apply_async/tsp", "unpinned, `apply-async`, against `tsp`", "<", 1.0, peer=True),
        Check("processes.quiet", "apply/tsp.run", "unpinned, `apply`, against `tsp -f`", "<", 1.0, peer=True),
        Check("processes.one_cpu", "apply/tsp.run", "*shown*: the same on one CPU", peer=True))),
    Row(10, "1,000,000 jobs queued", (
        Check("queued.durable", "durable.many/none", "durable submit rate, against an empty queue", ">=", 0.8, 0.95),
        Check("queued.ephemeral", "ephemeral.many/none", "ephemeral submit rate, against an empty queue", ">=", 0.8, 0.95),
        Check("queued.durable", "durable.memory", "bytes a durable job in the broker", "<=", 400, 200),
        Check("queued.ephemeral", "ephemeral.memory", "bytes an ephemeral job in the broker", "<=", 400, 200),
        Check("queued.ephemeral", "beanstalkd.memory", "bytes a job in beanstalkd", peer=True))),
    Row(11, "a daemon with two workers that has nothing to do", (
        Check("idle", "idle.memory", "MiB, PSS of its five processes", "<=", 10, 5),
        Check("idle", "idle.wake_ups", "wake-ups a second (no watchdog here)", "<=", 0),
        Check("idle", "idle.cpu", "microseconds on a processor a second"))),
    Row(12, "start and recovery", (
        Check("recovery", "start.answers", "ms from `jobpoold`'s exec to its first answer", "<=", 50, 15),
        Check("recovery", "worker.replaced", "ms from a worker's SIGKILL until its place has run the waiting job; its neighbour unharmed", "<=", 5, 2))),
    Row(13, "2,000 connections, 256 workers, half the load that two connections can make", (
        Check("connections", "many/two.p99", "p99 of `apply @noop`, against two connections and two workers", "<=", 2.0),)),
    Row(14, "16 MiB through `apply @echo`", (
        Check("payload", "echo.moved/copy_and_pass", "bytes there and back a second, against one copy and one pass of each", ">=", 0.5),
        Check("payload", "echo.once/copy_and_pass", "the same, bytes counted once"))),
)
