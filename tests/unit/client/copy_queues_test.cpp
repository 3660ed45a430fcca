// What passes through a copy's queues.
#include <string>
#include <thread>
#include <vector>

#include "client/cli/copy/finished_queue.hpp"
#include "client/cli/copy/job_source.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

TEST_CASE("finished names come out in the order they were put in, and the end is seen") {
  FinishedQueue queue(2);
  std::thread putter([&] {
    for (int i = 0; i < 1000; ++i) {
      std::vector<Finished> one;
      one.push_back({std::to_string(i), EntryKind::file, {}});
      queue.put(std::move(one));
    }
    queue.leave();
  });
  int next = 0;
  while (next < 1000)
    for (const Finished& finished : queue.take()) CHECK(finished.path == std::to_string(next++));
  putter.join();
  CHECK_FALSE(queue.has_ended());
  queue.leave();
  CHECK(queue.has_ended());
}

TEST_CASE("work that is at work may put more, and only then is it over") {
  JobSource source;
  source.put(LargeWork{});
  source.close();
  REQUIRE(source.take());
  std::thread other([&] {
    CHECK(source.take());
    source.done();
    CHECK_FALSE(source.take());
  });
  std::vector<CopyWork> more;
  more.emplace_back(RangeWork{});
  source.put_first(std::move(more));
  source.done();
  other.join();
  CHECK_FALSE(source.take());
}

TEST_CASE("work that is stopped is given out no more, for the first reason") {
  JobSource source;
  source.put(LargeWork{});
  source.stop({Errc::full, "first"});
  source.stop({Errc::closed, "second"});
  source.put(LargeWork{});
  CHECK_FALSE(source.take());
  CHECK(source.why_stopped()->text == "first");
}
