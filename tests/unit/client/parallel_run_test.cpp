// Several threads over one source: order, bounds, and the ways to end before the end.
#include "client/lib/parallel_run.hpp"

#include <algorithm>
#include <atomic>
#include <latch>

#include "tests/support/catch.hpp"
#include "tests/support/no_more_threads.hpp"

using namespace jobpool;
using namespace jobpool::client;

namespace {

using Run = ParallelRun<int, int>;

Run::Read up_to(int last) {
  return [next = 1, last](std::size_t) mutable -> Result<std::optional<int>> {
    if (next > last) return std::optional<int>{};
    return std::optional<int>{next++};
  };
}

std::vector<int> all_of(Run& run) {
  std::vector<int> ends;
  for (;;) {
    const auto done = run.next();
    REQUIRE(done);
    if (!*done) return ends;
    CHECK((*done)->end == (*done)->task * (*done)->task);
    ends.push_back((*done)->task);
  }
}

int square(const int& task) { return task * task; }

}  // namespace

TEST_CASE("ends come in the tasks' order, whoever is done first") {
  Run run(up_to(1000), square, Order::of_tasks, 8, 16);
  std::vector<int> expected;
  for (int i = 1; i <= 1000; ++i) expected.push_back(i);
  CHECK(all_of(run) == expected);
}

TEST_CASE("ends come as they come, each once") {
  Run run(up_to(1000), square, Order::as_they_come, 8, 16);
  std::vector<int> ends = all_of(run);
  std::sort(ends.begin(), ends.end());
  REQUIRE(ends.size() == 1000);
  CHECK(ends.front() == 1);
  CHECK(std::adjacent_find(ends.begin(), ends.end()) == ends.end());
}

TEST_CASE("nothing is read beyond the bound until the first end was taken") {
  std::atomic<int> read{0};
  std::latch third(3);
  Run run(
      [&](std::size_t) -> Result<std::optional<int>> {
        if (++read <= 3) third.count_down();
        return std::optional<int>{read.load()};
      },
      square, Order::of_tasks, 2, 3);
  third.wait();
  CHECK(read == 3);
  REQUIRE(run.next());
  run.stop();
}

TEST_CASE("as many threads are started as there are tasks, and no more than slots") {
  std::atomic<std::size_t> highest{0};
  const auto reading = [&](int last) {
    return [&highest, last, next = 1](std::size_t slot) mutable -> Result<std::optional<int>> {
      highest = std::max(highest.load(), slot);
      if (next > last) return std::optional<int>{};
      return std::optional<int>{next++};
    };
  };
  {
    Run run(reading(1), square, Order::of_tasks, 100, 100);
    all_of(run);
  }
  CHECK(highest <= 2);
  Run run(reading(1000), square, Order::of_tasks, 3, 100);
  all_of(run);
  CHECK(highest <= 3);
}

TEST_CASE("an error of the source is told when what was read before has ended") {
  Run run(
      [next = 1](std::size_t) mutable -> Result<std::optional<int>> {
        if (next == 3) return Error{Errc::io, "torn"};
        return std::optional<int>{next++};
      },
      square, Order::of_tasks, 4, 16);
  CHECK((*run.next())->task == 1);
  CHECK((*run.next())->task == 2);
  CHECK(run.next().error().text == "torn");
}

TEST_CASE("a run that is stopped gives what was under way, and reads no more") {
  std::latch running(1), go_on(1);
  Run run(
      up_to(1000),
      [&](const int& task) {
        running.count_down(running.try_wait() ? 0 : 1);
        go_on.wait();
        return task * task;
      },
      Order::of_tasks, 1, 16);
  running.wait();
  run.stop();
  go_on.count_down();
  CHECK(all_of(run) == std::vector<int>{1});
}

// A thread that had read one task of several when it was stopped did it all the same, and started the next thread, which was let go of
// while the others were waited for: a map that threw its first item's failure ended its process now and then.
TEST_CASE("a run that is stopped while a thread reads its tasks does none of them, and starts no thread") {
  std::latch reading(1), go_on(1);
  std::atomic<int> read = 0, done = 0;
  {
    Run run(
        [&](std::size_t) -> Result<std::optional<int>> {
          if (++read == 2) {
            reading.count_down();
            go_on.wait();
          }
          return std::optional<int>{1};
        },
        [&](std::span<int> tasks, const Run::Tell& tell) {
          ++done;
          for (std::size_t place = 0; place < tasks.size(); ++place) tell({{place, 1}});
        },
        [] { return std::size_t{2}; }, Order::of_tasks, 4, 16);
    reading.wait();
    run.stop();
    go_on.count_down();
  }
  CHECK(read == 2);
  CHECK(done == 0);
}

// A host that refused one more thread ended the caller's program: std::thread threw in a thread of the run.
TEST_CASE("a run that is refused more threads goes on with those that it has") {
  std::optional<testing::NoMoreThreads> refused;
  std::atomic<std::size_t> highest = 0;
  Run run(
      [&, next = 1](std::size_t slot) mutable -> Result<std::optional<int>> {
        if (next == 1) refused.emplace();
        highest = std::max(highest.load(), slot);
        if (next > 100) return std::optional<int>{};
        return std::optional<int>{next++};
      },
      square, Order::of_tasks, 8, 16);
  CHECK(all_of(run).size() == 100);
  CHECK(highest == 1);
}

TEST_CASE("a run that is refused its first thread tells that as an error") {
  const testing::NoMoreThreads refused;
  Run run(up_to(3), square, Order::of_tasks, 8, 16);
  const auto done = run.next();
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::io);
  CHECK(done.error().text.starts_with("start a thread: "));
}

TEST_CASE("whoever waits for an end hears of an interruption") {
  std::latch running(1), go_on(1);
  Run run(
      up_to(1),
      [&](const int& task) {
        running.count_down();
        go_on.wait();
        return task;
      },
      Order::of_tasks, 1, 16);
  running.wait();
  run.interrupt(Error{Errc::interrupted, "enough"});
  CHECK(run.next().error().text == "enough");
  go_on.count_down();
}

TEST_CASE("a thread that is free takes as many tasks as it may, within the bound, and each has its end") {
  std::atomic<std::size_t> most{0};
  Run run(
      up_to(1000),
      [&](std::span<int> tasks, const Run::Tell& tell) {
        std::size_t seen = most;
        while (seen < tasks.size() && !most.compare_exchange_weak(seen, tasks.size())) {
        }
        std::vector<Run::Told> ended;
        for (std::size_t place = tasks.size(); place-- > 1;) ended.push_back({place, square(tasks[place])});
        tell(std::move(ended));
        tell({{0, square(tasks[0])}});
      },
      [] { return std::size_t{8}; }, Order::of_tasks, 2, 5);
  std::vector<int> expected;
  for (int i = 1; i <= 1000; ++i) expected.push_back(i);
  CHECK(all_of(run) == expected);
  CHECK(most == 5);
}

TEST_CASE("ends that come in a window are given at once, and nothing is read beyond it until the first task has ended") {
  std::latch go_on(1);
  std::atomic<int> read{0};
  Run run([&](std::size_t) -> Result<std::optional<int>> { return std::optional<int>{++read}; },
          [&](const int& task) {
            if (task == 1) go_on.wait();
            return task * task;
          },
          Order::as_they_come_in_window, 2, 3);
  for (const std::size_t number : {1U, 2U}) {
    const auto done = run.next();
    REQUIRE(*done);
    CHECK((*done)->number == number);
    CHECK((*done)->end == (*done)->task * (*done)->task);
  }
  CHECK(read == 3);
  go_on.count_down();
  CHECK((*run.next())->number == 0);
  run.stop();
}

TEST_CASE("what had ended before an interruption can be had behind it") {
  std::latch second(2);
  Run run(
      up_to(1000),
      [&](const int& task) {
        if (task < 3) second.count_down();
        return task * task;
      },
      Order::of_tasks, 1, 2);
  second.wait();
  REQUIRE(run.next());  // so that the other end is on its way
  run.interrupt(Error{Errc::interrupted, "enough"});
  CHECK_FALSE(run.next());
  run.stop();
  std::optional<Run::Done> done;
  while (!(done = run.take_ended())) continue;
  CHECK(done->number == 1);
  CHECK(done->end == 4);
}
