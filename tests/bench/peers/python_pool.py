"""Python's multiprocessing.Pool, asked by a bench: one question a line on stdin, its figures on one line of stdout.

  apply N         N calls of an empty function, one at a time        -> p50 and p99, in microseconds
  apply_async N   N of them, submitted at once, until the last get() -> seconds
  map N           square of N integers, default chunks               -> seconds
  map1 N          the same, chunks of one                            -> seconds

Started with the number of workers; says "ready" when they are; leaves at the end of its input.
"""
import multiprocessing
import sys
import time


def noop():
    return None


def square(x):
    return x * x


def percentile(samples, fraction):
    return samples[int(fraction * len(samples))]


def apply(pool, calls):
    for _ in range(calls // 10):
        pool.apply(noop)
    taken = []
    for _ in range(calls):
        begin = time.perf_counter_ns()
        pool.apply(noop)
        taken.append((time.perf_counter_ns() - begin) / 1e3)
    taken.sort()
    return percentile(taken, 0.5), percentile(taken, 0.99)


def apply_async(pool, calls):
    begin = time.perf_counter()
    for result in [pool.apply_async(noop) for _ in range(calls)]:
        result.get()
    return (time.perf_counter() - begin,)


def map_squares(pool, items, chunksize):
    numbers = list(range(items))
    begin = time.perf_counter()
    squares = pool.map(square, numbers, chunksize=chunksize)
    seconds = time.perf_counter() - begin
    assert squares[-1] == numbers[-1] ** 2
    return (seconds,)


QUESTIONS = {
    "apply": apply,
    "apply_async": apply_async,
    "map": lambda pool, items: map_squares(pool, items, None),
    "map1": lambda pool, items: map_squares(pool, items, 1),
}


def main():
    with multiprocessing.Pool(int(sys.argv[1])) as pool:
        pool.map(square, range(1000))
        print("ready", flush=True)
        for line in sys.stdin:
            question, count = line.split()
            print(*QUESTIONS[question](pool, int(count)), flush=True)


if __name__ == "__main__":
    main()
