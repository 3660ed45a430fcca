// The loop's order of things, and the watches that other parts hang into it.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/broker/server/fd_watch.hpp"
#include "daemon/broker/server/timer.hpp"
#include "daemon/broker/server/turn_loop.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/scripted_loop.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

UniqueFd new_eventfd() { return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void ring(const UniqueFd& fd) {
  const std::uint64_t one = 1;
  REQUIRE(::write(fd.get(), &one, sizeof one) == sizeof one);
}

std::uint64_t take(int fd) {
  std::uint64_t count = 0;
  return ::read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

}  // namespace

TEST_CASE("a turn gathers all calls, ends once, sends what was answered at its end, and sleeps") {
  Loop all;
  Client one = all.connect(), two = all.connect();
  one.send(call_text(0) + call_text(1));
  two.send(call_text(2));
  all.hooks.steps = {
      [&] {
        REQUIRE(all.handler.calls.size() == 3);
        for (const auto& call : all.handler.calls) call->reply("{}");
        CHECK(one.replies().empty());
        one.send(call_text(3));  // wakes the loop from its sleep
      },
      [&] {
        CHECK(one.replies().size() == 2);
        CHECK(two.replies().size() == 1);
        CHECK(all.handler.calls.size() == 4);
        all.loop.stop();
      },
  };
  all.loop.run(all.hooks, all.server);
  CHECK(all.hooks.log == "EBSWEB");
}

// The bug: workers were woken first. One took the processor that had nothing to do, the client's, who waited there until it had spawned its
// command: with two processors a submission from the shell took a sixth longer.
TEST_CASE("who is answered is woken before the workers") {
  Loop all;
  Client one = all.connect();
  one.send(call_text(0));
  std::size_t there = 0;
  all.hooks.bells = [&] { there = one.replies().size(); };
  all.hooks.steps = {[&] {
    all.handler.calls.at(0)->reply("{}");
    all.loop.stop();
  }};
  all.loop.run(all.hooks, all.server);
  CHECK(there == 1);
}

TEST_CASE("after many turns of one call each, what comes together is all handled") {
  Loop all;
  Client one = all.connect(), two = all.connect();
  std::size_t turns = 0;
  for (int turn = 0; turn < 100; ++turn) {
    all.hooks.steps.push_back([&] {
      ++turns;
      one.send(call_text(0));
    });
  }
  all.hooks.steps.push_back([&] {
    for (int i = 0; i < 40; ++i) {
      one.send(call_text(1));
      two.send(call_text(2));
    }
  });
  const auto stop_at_the_last = [&] {
    if (all.handler.calls.size() == 1 + 100 + 80) all.loop.stop();
  };
  for (int turn = 0; turn < 100; ++turn) all.hooks.steps.push_back(stop_at_the_last);
  one.send(call_text(0));
  all.loop.run(all.hooks, all.server);
  CHECK(turns == 100);
  CHECK(all.handler.calls.size() == 1 + 100 + 80);
}

TEST_CASE("answers of the last turn still leave") {
  Loop all;
  Client client = all.connect();
  client.send(call_text(0));
  all.hooks.steps = {[&] {
    all.handler.calls.at(0)->reply("{}");
    all.loop.stop();
  }};
  all.loop.run(all.hooks, all.server);
  CHECK(client.replies().size() == 1);
}

TEST_CASE("a stop that came before the loop is not forgotten") {
  Loop all;
  all.loop.io().poll();  // nothing to watch yet: the io_context stops itself
  all.loop.stop();
  all.loop.run(all.hooks, all.server);
  CHECK(all.hooks.log == "EB");
}

TEST_CASE("the loop does not sleep when there is work, or something to send") {
  Loop all;
  Client client = all.connect();
  client.send(call_text(0));
  int checks = 0;
  all.hooks.may_sleep = [&] {
    if (++checks < 3) return false;
    if (checks == 3) all.handler.calls.at(0)->reply("{}");  // too late for this turn's sending
    return true;
  };
  all.hooks.steps = {[] {}, [] {}, [] {}, [&] { all.loop.stop(); }};
  all.loop.run(all.hooks, all.server);
  CHECK(all.hooks.log == "EBsWEBsWEBSWEB");
  CHECK(client.replies().size() == 1);
}

// 64 durable submissions in flight were one turn, one commit, one turn …: the disk waited for the loop and the loop for the disk.
TEST_CASE("a full turn ends though more calls are there, and those are the next turns', in order") {
  Loop all;
  Client one = all.connect(), two = all.connect();
  one.send(call_text(0) + call_text(1) + call_text(2));
  two.send(call_text(3));
  std::size_t ended = 0;
  all.handler.full = [&] { return all.handler.calls.size() > ended; };  // by one call
  const auto end = [&] {
    ++ended;
    CHECK(all.handler.calls.size() == ended);
  };
  all.hooks.steps = {end, end, end, [&] {
                       end();
                       all.loop.stop();
                     }};
  all.loop.run(all.hooks, all.server);
  std::vector<std::int64_t> of_one;
  for (const std::int64_t number : all.handler.numbers)
    if (number < 3) of_one.push_back(number);
  CHECK(of_one == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("a connection that is closed with calls left for the next turn makes none of them") {
  Loop all;
  Client client = all.connect();
  client.send(call_text(0) + call_text(1));
  bool closed = false;
  all.handler.full = [&] { return all.handler.calls.size() == 1 && !closed; };
  all.hooks.steps = {[&] {
                       all.server.close_all();
                       closed = true;
                     },
                     [&] { all.loop.stop(); }};
  all.loop.run(all.hooks, all.server);
  CHECK(all.handler.calls.size() == 1);
}

TEST_CASE("clients that never pause cannot keep a turn from ending") {
  Loop all;
  Client client = all.connect();
  all.handler.script = [&](const std::shared_ptr<Call>& call) {
    call->reply("{}");
    client.send(call_text(0));  // always another one
  };
  client.send(call_text(0));
  all.hooks.steps = {[&] { all.loop.stop(); }};
  all.loop.run(all.hooks, all.server);
  CHECK(client.replies().size() == kHandlersPerTurn - 1);  // the coroutine's own start was a handler, too
}

TEST_CASE("a watched descriptor calls back each time it is readable, also for what is left in it") {
  Loop all;
  const UniqueFd bell = new_eventfd();
  std::vector<std::uint64_t> counts;
  int ignored = 0;
  Result<FdWatch> watch = FdWatch::start(all.loop.io(), bell.get(), [&] {
    if (ignored++ == 0) return;
    counts.push_back(take(bell.get()));
    if (counts.size() == 3) return all.loop.stop();
    ring(bell);
  });
  REQUIRE(watch);
  ring(bell);
  all.loop.run(all.hooks, all.server);
  CHECK(counts == std::vector<std::uint64_t>{1, 1, 1});
}

TEST_CASE("a watch may be destroyed in its own callback, before it is due, and leaves its descriptor open") {
  Loop all;
  const UniqueFd bell = new_eventfd(), other = new_eventfd();
  int calls = 0;
  std::optional<FdWatch> watch, silent;
  auto witness = std::make_shared<int>(0);
  watch = std::move(*FdWatch::start(all.loop.io(), bell.get(), [&, witness] {
    ++calls;
    silent.reset();  // it is due as well, perhaps already on its way
    watch.reset();
    CHECK(witness.use_count() == 2);  // what a running callback holds stays
  }));
  silent = std::move(*FdWatch::start(all.loop.io(), other.get(), [&] { ++calls; }));
  ring(bell);
  ring(other);
  all.loop.io().poll();
  CHECK(calls == 1);
  CHECK(witness.use_count() == 1);
  CHECK(take(bell.get()) == 1);
  watch = std::move(*FdWatch::start(all.loop.io(), bell.get(), [&] { calls += 10 * static_cast<int>(take(bell.get())); }));
  ring(bell);
  all.loop.io().restart();
  all.loop.io().poll();
  CHECK(calls == 11);
}

TEST_CASE("a descriptor that cannot be watched is an error") {
  Loop all;
  CHECK_FALSE(FdWatch::start(all.loop.io(), -1, [] {}));
}

TEST_CASE("timers call back once, in their order, and may be set anew") {
  Loop all;
  std::string log;
  Timer first(all.loop.io()), second(all.loop.io()), never(all.loop.io());
  const TimePoint now = Clock::now();
  never.set(now, [&] { log += 'n'; });
  never.cancel();
  first.set(now + std::chrono::hours(1), [&] { log += 'x'; });
  first.set(now + std::chrono::milliseconds(1), [&] {
    log += '1';
    first.set(now + std::chrono::milliseconds(2), [&] {
      log += 'a';
      all.loop.stop();
    });
  });
  second.set(now, [&] { log += '0'; });  // set later, due earlier
  all.loop.run(all.hooks, all.server);
  CHECK(log == "01a");
}

TEST_CASE("a timer that is due and then set anew or destroyed does not fire") {
  asio::io_context io;
  std::string log;
  auto due = std::make_unique<Timer>(io);
  Timer again(io), killer(io);
  const TimePoint past = Clock::now() - std::chrono::seconds(1);
  killer.set(past, [&] {
    due.reset();
    again.set(Clock::now() + std::chrono::hours(1), [&] { log += 'x'; });
    log += 'k';
  });
  due->set(past + std::chrono::microseconds(1), [&] { log += 'd'; });
  again.set(past + std::chrono::microseconds(2), [&] { log += 'a'; });
  io.poll();
  CHECK(log == "k");
}
