// Verbs with --timeout, whose broker dies: the real program against a daemon that does what the test says.
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
