// ApplyAll of the protocol, by other people's programs, and by the library's map underneath: chunks of one, also when brokers die.
#include <signal.h>

#include <atomic>
#include <numeric>
#include <set>
#include <sstream>
#include <thread>

#include "jobpool/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

json chunks_of_squares(int count) {
  json chunks = json::array();
  for (int i = 0; i < count; ++i) chunks.push_back({{"number", i}, {"items", "[[" + std::to_string(i) + "]]"}});
  return chunks;
}

}  // namespace

TEST_CASE("apply_all by jobpool call tells each chunk's end once") {
  Daemon daemon;
  const json parameters = {{"job", {{"function", "square"}, {"key", "k"}}}, {"chunks", chunks_of_squares(20)}};
  const Finished finished = daemon.run({"call", "--more", "org.jobpool.Pool.ApplyAll", parameters.dump()});
  CHECK(finished.exit_code == 0);
  std::set<int> told;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) {
    const json reply = json::parse(line, nullptr, false);
    for (const json& one : reply["endings"]) {
      const int number = one["number"];
      CHECK(told.insert(number).second);
      CHECK(one["ending"]["result"] == "{\"results\":[" + std::to_string(number * number) + "]}");
    }
  }
  CHECK(told.size() == 20);
  CHECK(daemon.run({"call", "org.jobpool.Pool.ApplyAll", parameters.dump()}).err.find("ExpectedMore") != std::string::npos);
}

TEST_CASE("apply_all whose caller goes away takes its chunks along") {
  Daemon daemon({.workers = 1});
  {
    VarlinkClient client = daemon.connect();
    json chunks = json::array();
    for (int i = 0; i < 3; ++i) chunks.push_back({{"number", i}, {"items", "[[600]]"}});
    client.send("org.jobpool.Pool.ApplyAll", {{"job", {{"function", "sleep"}, {"graceUSec", 0}}}, {"chunks", chunks}}, {{"more", true}});
    REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["workersRunning"] == 1; }));
  }
  CHECK(wait_until([&] { return daemon.status()["pools"][0]["done"] == 3; }));
  CHECK(daemon.job("3")["outcome"] == "cancelled");
}

TEST_CASE("apply_all under a map in chunks of one loses and doubles nothing when brokers are killed") {
  Daemon daemon;
  const int kills = of_size(3, 30);
  std::vector<long> numbers(static_cast<std::size_t>(kills) * 1'500);
  std::iota(numbers.begin(), numbers.end(), 0);
  const jobpool::Pool pool = jobpool::Client(daemon.socket()).pool();
  std::atomic<bool> is_over = false;
  std::thread killer([&] {
    for (int killed = 0; killed < kills && !is_over; ++killed) {
      const pid_t broker = daemon.broker_pid();
      ::kill(broker, SIGKILL);
      if (!wait_until([&] { return is_over || daemon.broker_pid() != broker; })) return;
    }
  });
  std::vector<long> squares;
  try {
    squares = pool.map<long>("square", numbers, {.chunk_size = 1});
  } catch (const std::exception& error) {
    UNSCOPED_INFO(error.what());
  }
  is_over = true;
  killer.join();
  REQUIRE(squares.size() == numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (squares[i] != numbers[i] * numbers[i]) FAIL("item " << i << " has another's result");
  CHECK(daemon.status()["brokerRestarts"] >= 1);
}
