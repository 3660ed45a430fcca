// ApplyAll of the protocol, by other people's programs, and by the library's map underneath: chunks of one, also when brokers die.
#include <signal.h>

#include <atomic>
#include <map>
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

// Two of three are too large for a row of the store: they are in files.
std::string item_of(int number) {
  if (number % 3 == 0) return std::to_string(number);
  std::string text(200'000 + static_cast<std::size_t>(number), static_cast<char>('a' + number % 26));
  return '"' + std::move(text) + '"';
}

json durable_call(int count) {
  json chunks = json::array();
  for (int i = 0; i < count; ++i) chunks.push_back({{"number", i}, {"items", "[[" + item_of(i) + "]]"}});
  return {{"job", {{"function", "echo"}, {"key", "k"}, {"durable", true}}}, {"chunks", std::move(chunks)}};
}

// Reads the call's replies to the last: the job of each chunk, all of which have been told once, with their own results.
std::map<int, std::uint64_t> jobs_told(VarlinkClient& client, int count) {
  std::map<int, std::uint64_t> jobs;
  for (bool has_more = true; has_more;) {
    const auto reply = client.receive();
    REQUIRE(reply);
    REQUIRE_FALSE(reply->contains("error"));
    for (const json& one : (*reply)["parameters"]["endings"]) {
      const int number = one["number"];
      INFO("chunk " << number);
      CHECK(jobs.emplace(number, one["ending"]["id"]).second);
      const bool is_its_own = one["ending"]["result"] == "{\"results\":[" + item_of(number) + "]}";
      CHECK(is_its_own);
    }
    has_more = reply->value("continues", false);
  }
  CHECK(jobs.size() == static_cast<std::size_t>(count));
  return jobs;
}

void kill_broker(const Daemon& daemon) {
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
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

// More than is kept in memory for a caller who does not read: the rest of it is on disk. Another broker has nothing but that.
TEST_CASE("apply_all of durable chunks tells each result once and whole, from disk for a slow reader and after the broker was killed") {
  constexpr int kChunks = 36;
  Daemon daemon;
  const auto send = [&] {
    VarlinkClient client = daemon.connect();
    client.send("org.jobpool.Pool.ApplyAll", durable_call(kChunks), {{"more", true}});
    return client;
  };
  VarlinkClient slow = send();
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["done"] == kChunks; }));
  const auto jobs = jobs_told(slow, kChunks);
  kill_broker(daemon);
  VarlinkClient again = send();
  CHECK(jobs_told(again, kChunks) == jobs);
}

TEST_CASE("apply_all under a durable map keeps the order of large results when brokers are killed") {
  constexpr int kItems = 15;
  Daemon daemon;
  std::vector<jobpool::Json> items;
  for (int i = 0; i < kItems; ++i) items.push_back({item_of(i)});
  auto results =
      jobpool::Client(daemon.socket()).pool().with({.durable = true}).imap<jobpool::Json>("echo", std::move(items), {.chunk_size = 1});
  for (int i = 0; i < kItems; ++i) {
    if (i == 2 || i == 9) kill_broker(daemon);
    const auto result = results.next();
    INFO("item " << i);
    REQUIRE(result);
    const bool is_its_own = result->text == item_of(i);
    CHECK(is_its_own);
  }
  CHECK_FALSE(results.next());
}
