// Events and rates in words.
#include "client/cli/event_text.hpp"

#include "client/cli/stats_text.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

// Without its time, which depends on the time zone.
std::string words(const proto::Event& event) { return event_line(event).substr(14); }

}  // namespace

TEST_CASE("an event is a line that says what changed, and why") {
  proto::Event event;
  event.job = JobId{12};
  event.pool = "default";
  event.state = "running";
  event.attempt = 1;
  event.worker = 2;
  event.pid = 4711;
  CHECK(words(event) == "job 12  running  pool default, attempt 1, worker 2, pid 4711");
  event.state = "done";
  event.pid.reset();
  event.outcome = Outcome::failed;
  event.exit_code = 3;
  CHECK(words(event) == "job 12  done  pool default, attempt 1, worker 2, failed 3");
  event.outcome = Outcome::crashed;
  event.exit_code.reset();
  event.signal = 9;
  event.reason = "it\nwas so";
  CHECK(words(event) == "job 12  done  pool default, attempt 1, worker 2, crashed KILL, it\\x0awas so");
  proto::Event waiting;
  waiting.job = JobId{13};
  waiting.state = "waiting";
  waiting.waiting_for = "a delay";
  CHECK(words(waiting) == "job 13  waiting  for a delay");
}

TEST_CASE("pools, workers and what was missed have lines of their own") {
  proto::Event event;
  event.kind = proto::EventKind::pool;
  event.pool = "images";
  event.state = "paused";
  CHECK(words(event) == "pool images  paused");
  event.kind = proto::EventKind::worker;
  event.worker = 3;
  event.state = "died";
  event.reason = "was killed by signal 9";
  CHECK(words(event) == "worker 3  died  pool images, was killed by signal 9");
  event.kind = proto::EventKind::listening;
  CHECK(words(event) == "listening");
  event.kind = proto::EventKind::missed;
  event.missed = 7;
  CHECK(words(event) == "7 events were missed: they came faster than they were read");
  event.usec = 1'250'000;
  CHECK(event_line(event).substr(8, 4) == ".250");
}

TEST_CASE("rates have as many digits as say something") {
  CHECK(rate(0, 10'000'000) == "0");
  CHECK(rate(3, 10'000'000) == "0.3");
  CHECK(rate(1'234, 10'000'000) == "123");
  CHECK(rate(123'456'789, 10'000'000) == "12345679");
  CHECK(rate(5, 0).empty());
}
