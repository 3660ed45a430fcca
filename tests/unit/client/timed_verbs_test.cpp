// Verbs that take more than one call, since their broker dies under a --timeout or since they are about very many jobs: the real program
// against a daemon that does what the test says.
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

std::int64_t heard_timeout(FakePeer& peer, std::string_view method) {
  return peer.hear(method).call.parameters.tree().at("timeoutUSec").get<std::int64_t>();
}

struct TimedVerb {
  std::string method, answer;
  std::vector<std::string> words;
};

}  // namespace

// `queue get --timeout 6s`, whose broker was killed after 5 s, took 11 s: the next one was told the whole time again.
TEST_CASE("a verb that waits tells the next broker what is left of its time") {
  const std::vector<TimedVerb> verbs = {
      {"org.jobpool.Job.Get", function_ending(7, "1"), {"get", "7"}},
      {"org.jobpool.Job.Wait", "{}", {"wait", "7"}},
      {"org.jobpool.Pool.Join", R"({"joined":true})", {"join"}},
      {"org.jobpool.Queue.Put", "{}", {"queue", "put", "q", "1"}},
      {"org.jobpool.Queue.Get", R"({"items":["1"]})", {"queue", "get", "q"}},
      {"org.jobpool.Queue.Join", "{}", {"queue", "join", "q"}},
      {"org.jobpool.Process.Join", "{}", {"process", "join", "p"}},
  };
  for (const TimedVerb& verb : verbs) {
    INFO(verb.method);
    std::int64_t all = 0, left = 0;
    FakeServer server([&](FakeServer& self) {
      FakePeer first = self.accept();
      all = heard_timeout(first, verb.method);
      first.close();
      FakePeer second = self.accept();
      left = heard_timeout(second, verb.method);
      second.say(verb.answer);
    });
    std::vector<std::string> words = verb.words;
    words.insert(words.end(), {"--timeout", "1h"});
    const Finished finished = jobpool_at(server.path(), words);
    CHECK_NOTHROW(server.finish());
    CHECK(finished.exit_code == 0);
    CHECK(all == 3'600'000'000);
    CHECK(left < all);
    CHECK(left > all / 2);
  }
}

TEST_CASE("more jobs than one call takes are cancelled and waited for in several, the last first") {
  // The bug: "more than 100000 jobs in one call", also for `all` where as many had ended.
  std::vector<std::string> words;
  for (std::size_t first = 1; first <= 100'003; first += 10'000) {
    std::string& word = words.emplace_back();
    for (std::size_t id = first; id < first + 10'000 && id <= 100'003; ++id) word += (word.empty() ? "" : ",") + std::to_string(id);
  }
  const auto with = [&words](std::vector<std::string> verb) {
    verb.insert(verb.end(), words.begin(), words.end());
    return verb;
  };
  SECTION("cancel") {
    FakeServer server([](FakeServer& self) {
      FakePeer peer = self.accept();
      for (const auto& [first, last] : {std::pair<std::uint64_t, std::uint64_t>{4, 100'003}, {1, 3}}) {
        const auto call = proto::read_cancel(peer.hear("org.jobpool.Job.Cancel").call.parameters);
        if (!call || call->ids.front() != JobId{first} || call->ids.back() != JobId{last})
          throw std::runtime_error("other jobs were meant");
        peer.say(proto::write_ids("cancelled", {call->ids.front()}));
      }
    });
    const Finished finished = jobpool_at(server.path(), with({"cancel", "--json"}));
    server.finish();
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == "{\"cancelled\":[1,4]}\n");
  }
  SECTION("wait") {
    FakeServer server([](FakeServer& self) {
      FakePeer peer = self.accept();
      for (const std::size_t count : {100'000u, 3u}) {
        const auto call = proto::read_wait(peer.hear("org.jobpool.Job.Wait").call.parameters);
        if (!call || call->ids.size() != count || !call->timeout || *call->timeout > std::chrono::hours(1))
          throw std::runtime_error("another wait was meant");
        peer.say("{}");
      }
    });
    CHECK(jobpool_at(server.path(), with({"wait", "--timeout", "1h"})).exit_code == 0);
    server.finish();
  }
  SECTION("remove, which is all or nothing") { CHECK(jobpool_at("/tmp/no/such/jobpool", with({"remove"})).exit_code == 2); }
}
