// Four producers and four consumers, some of whom are killed at random, and the broker too: the example of the README, in Python's own
// words.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

std::string let_them_die(const std::string& items, std::vector<std::string> words) {
  Daemon daemon;
  words.insert(words.begin(), {"python3", JOBPOOL_SOURCE_DIR "/tests/examples/producers_consumers.py", daemon.socket(), items});
  const Finished finished = run({.argv = std::move(words)}, 10 * kPatience);
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find(" seen once, ") != std::string::npos);
  const Finished left = daemon.run({"queue", "list", "--json"});
  CHECK(left.out.empty());
  return finished.out;
}

}  // namespace

TEST_CASE("producers, consumers and brokers die, and no item is seen twice or lost but with its consumer") {
  for (int round = of_size(1, 20); round > 0; --round) let_them_die("100000", {"3"});
}

TEST_CASE("of a durable queue likewise") {
  for (int round = of_size(1, 20); round > 0; --round) let_them_die(std::to_string(of_size(20'000, 100'000)), {"durable", "2"});
}

TEST_CASE("when only brokers die, every item is seen exactly once, of both kinds of queues") {
  const std::vector<std::string> durable = {"durable", "brokers-only", "5"}, other = {"brokers-only", "5"};
  for (int round = of_size(1, 20); round > 0; --round) {
    CHECK(let_them_die("10000", durable) == "10000 put, 10000 seen once, 0 taken by 0 killed consumers\n");
    CHECK(let_them_die("40000", other) == "40000 put, 40000 seen once, 0 taken by 0 killed consumers\n");
  }
}
