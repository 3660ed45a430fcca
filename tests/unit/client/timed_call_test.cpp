// What is left of a call's time when its broker has died: told to the next one, by each call of the library that waits.
#include "client/lib/timed_call.hpp"

#include <unistd.h>

#include <atomic>

#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "proto/queue_messages.hpp"
#include "tests/support/asleep.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

std::int64_t told_timeout(FakePeer& peer, std::string_view method) {
  return peer.hear(method).call.parameters.tree().at("timeoutUSec").get<std::int64_t>();
}

// A broker that dies of the call, and the next one, which answers it. Throws unless the one was told an hour, and the other less.
std::function<void(FakeServer&)> dying_once(std::string method, std::string answer) {
  return [method, answer](FakeServer& self) {
    FakePeer first = self.accept();
    const std::int64_t all = told_timeout(first, method);
    first.close();
    FakePeer second = self.accept();
    const std::int64_t left = told_timeout(second, method);
    second.say(answer);
    if (all != Microseconds{1h}.count()) throw std::runtime_error("told at first: " + std::to_string(all));
    if (left >= all || left < Microseconds{30min}.count()) throw std::runtime_error("told then: " + std::to_string(left));
  };
}

template <class Call>
void check_told(const std::string& method, const std::string& answer, const Call& call) {
  INFO(method);
  FakeServer server(dying_once(method, answer));
  call(Client(server.path()));
  CHECK_NOTHROW(server.finish());
}

}  // namespace

// Who waited began anew with the whole time at each broker that died, up to twice and more of what was asked for.
TEST_CASE("a call that waits tells the next broker what is left of its time") {
  check_told("org.jobpool.Job.Get", function_ending(7, "1"), [](const Client& client) { CHECK(client.job(7).get<int>(1h) == 1); });
  check_told("org.jobpool.Job.Wait", "{}", [](const Client& client) { CHECK(client.job(7).wait(1h)); });
  check_told("org.jobpool.Queue.Put", "{}", [](const Client& client) { client.queue("q").put(1, 1h); });
  check_told("org.jobpool.Queue.Get", R"({"items":["1"]})", [](const Client& client) { CHECK(client.queue("q").get<int>(1h) == 1); });
  check_told("org.jobpool.Queue.Join", "{}", [](const Client& client) { CHECK(client.queue("q").join(1h)); });
  check_told("org.jobpool.Pool.Join", R"({"joined":true})", [](const Client& client) { CHECK(client.pool().join(1h)); });
}

TEST_CASE("a call whose time was over when its broker died asks the next one without any and is told so in its own words") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    told_timeout(first, "org.jobpool.Queue.Get");
    first.close();
    FakePeer second = self.accept();
    if (told_timeout(second, "org.jobpool.Queue.Get") != 0) throw std::runtime_error("there was time left");
    second.fail("org.jobpool.Queue.QueueEmpty", R"({"queue":"q"})");
  });
  CHECK_THROWS_AS(Client(server.path()).queue("q").get<int>(1us), QueueEmpty);
  server.finish();
}

TEST_CASE("a time that is longer than the daemon takes any is none") {
  // The bug: that was so for queues alone; other calls that were to wait for ever so were invalid ones.
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    for (const char* method : {"org.jobpool.Job.Wait", "org.jobpool.Queue.Join", "org.jobpool.Pool.Join"}) {
      if (peer.hear(method).call.parameters.tree().contains("timeoutUSec")) throw std::runtime_error("a time was told");
      peer.say(R"({"joined":true})");
    }
  });
  const Client client(server.path());
  CHECK(client.job(7).wait(Microseconds::max()));
  CHECK(client.queue("q").join(Microseconds::max()));
  CHECK(client.pool().join(Microseconds::max()));
  CHECK_NOTHROW(server.finish());
}

// The point of time was computed beyond what a clock can say, and lay in the past.
TEST_CASE("whoever waits for an event for as good as ever gets the next one") {
  std::atomic<bool> is_next = false;
  const pid_t caller = ::gettid();
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Pool.Events");
    peer.say("{}", true);
    if (!wait_until([&] { return is_next && is_asleep(caller); })) throw std::runtime_error("the caller does not wait");
    peer.say("{}");
  });
  const Client client(server.path());
  EventStream events = client.events();
  is_next = true;
  CHECK_FALSE(events.next(std::chrono::microseconds::max()));  // the stream has ended
  server.finish();
}
