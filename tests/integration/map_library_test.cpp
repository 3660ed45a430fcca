// Pool::map and its kin against a real daemon.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <vector>

#include "jobpool/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

std::vector<long> up_to(long last) {
  std::vector<long> numbers;
  for (long i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

// 1 to `last`; counts how many of them were read. (A view's pipe would say it shorter, and clang 14 cannot read that.)
struct CountedNumbers {
  struct Iterator {
    using value_type = long;
    using difference_type = std::ptrdiff_t;
    long number = 0;
    std::atomic<long>* read = nullptr;
    long operator*() const {
      ++*read;
      return number;
    }
    Iterator& operator++() {
      ++number;
      return *this;
    }
    void operator++(int) { ++number; }
    bool operator==(const Iterator& other) const { return number == other.number; }
  };
  long last;
  std::shared_ptr<std::atomic<long>> read;
  Iterator begin() const { return {1, read.get()}; }
  Iterator end() const { return {last + 1, nullptr}; }
};

std::vector<long> squares(long last) {
  std::vector<long> numbers = up_to(last);
  for (long& number : numbers) number *= number;
  return numbers;
}

std::size_t done(const Daemon& daemon) { return daemon.status()["pools"][0]["done"]; }

template <class Stream>
std::vector<long> all_of(Stream stream) {
  std::vector<long> all;
  while (const auto value = stream.next()) all.push_back(*value);
  return all;
}

// The rule for chunks asks how many workers there are: they come a little after the daemon.
}  // namespace

TEST_CASE("map gives the results in order, in chunks as Python makes them") {
  const testing::Daemon daemon({.workers = 2});
  wait_for_workers(daemon, 2);
  const Pool pool = Client(daemon.socket()).pool();
  CHECK(pool.map<long>("square", up_to(1000)) == squares(1000));
  CHECK(done(daemon) == 8);
  CHECK(pool.map<long>("square", up_to(10), {.chunk_size = 3}) == squares(10));
  CHECK(done(daemon) == 12);
  CHECK(pool.map<long>("square", std::vector<long>{}).empty());
}

TEST_CASE("starmap spreads each item over the arguments") {
  const testing::Daemon daemon;
  const Pool pool = Client(daemon.socket()).pool();
  CHECK(pool.starmap<double>("add", std::vector<std::pair<int, double>>{{1, 2.5}, {3, 4}}) == std::vector<double>{3.5, 7});
  CHECK(pool.starmap<double>("add", std::vector<std::vector<int>>{{1, 2}, {3, 4}}) == std::vector<double>{3, 7});
  CHECK(pool.starmap<std::string>("join", std::vector{std::tuple{std::vector<std::string>{"a", "b"}, "-"}}) ==
        std::vector<std::string>{"a-b"});
  CHECK(pool.starmap<double>("add", std::vector{Json{"[5,6]"}}) == std::vector<double>{11});
}

TEST_CASE("map fails with the first item that failed, when the others have ended") {
  const testing::Daemon daemon({.workers = 2});
  const Pool pool = Client(daemon.socket()).pool();
  const std::vector<std::pair<int, int>> divisions{{1, 1}, {1, 0}, {1, 2}, {1, 0}, {1, 4}};
  try {
    pool.starmap<double>("divide", divisions, {.chunk_size = 1});
    FAIL("an item failed");
  } catch (const ItemFailed& failed) {
    CHECK(failed.index() == 1);
    CHECK(failed.type() == "std::domain_error");
    CHECK(failed.message() == "item 1: division by zero");
  }
  CHECK(done(daemon) == 5);
  CHECK_THROWS_AS(pool.map<long>("no_such", up_to(3)), ItemFailed);
  CHECK_THROWS_AS(pool.map<std::string>("square", up_to(3)), InvalidCall);
}

TEST_CASE("a chunk with a failed item keeps the large results beside it, on disk or not") {
  const bool durable = GENERATE(false, true);
  const testing::Daemon daemon({.workers = 1});
  const Pool pool = Client(daemon.socket()).pool().with({.durable = durable});
  const std::string large(200'000, 'x');
  auto stream = pool.imap<std::string>("join", std::vector<Json>{{"[\"" + large + "\"]"}, {"7"}, {"[\"a\",\"b\"]"}}, {.chunk_size = 3});
  CHECK(stream.next() == large);
  CHECK_THROWS_AS(stream.next(), ItemFailed);
  CHECK(stream.next() == "a b");
  CHECK_FALSE(stream.next().has_value());
  CHECK(done(daemon) == 1);
}

TEST_CASE("imap is a stream in order that reads its items as it needs them, and goes on behind one that failed") {
  const testing::Daemon daemon({.workers = 2});
  const Pool pool = Client(daemon.socket()).pool();
  CHECK(all_of(pool.imap<long>("square", up_to(100))) == squares(100));
  CHECK(done(daemon) == 100);

  auto read = std::make_shared<std::atomic<long>>(0);
  auto stream = pool.imap<long>("square", CountedNumbers{1'000'000, read}, {.chunk_size = 10, .buffer = 4});
  CHECK(stream.next() == 1);
  CHECK(*read <= 60);

  auto failing = pool.imap<long>("square", std::vector<std::string>{"x", "y"});
  CHECK_THROWS_AS(failing.next(), ItemFailed);
  CHECK(failing.index() == 0);
  CHECK_THROWS_AS(failing.next(), ItemFailed);
  CHECK_FALSE(failing.next().has_value());
}

TEST_CASE("imap_unordered gives what has ended first, first, and says which item it was") {
  const testing::Daemon daemon({.workers = 2});
  const Pool pool = Client(daemon.socket()).pool();
  auto stream = pool.imap_unordered("sleep", std::vector<double>{0.5, 0});
  REQUIRE(stream.next());
  CHECK(stream.index() == 1);
  REQUIRE(stream.next());
  CHECK(stream.index() == 0);
  std::vector<long> all = all_of(pool.imap_unordered<long>("square", up_to(500), {.chunk_size = 7}));
  std::sort(all.begin(), all.end());
  CHECK(all == squares(500));
}

TEST_CASE("a stream that is dropped cancels what runs") {
  const testing::Daemon daemon({.workers = 2});
  const Pool pool = Client(daemon.socket()).pool();
  {
    auto stream = pool.imap("sleep", std::vector<double>{0, 100, 100, 100});
    REQUIRE(stream.next());
  }
  CHECK(wait_until([&] { return daemon.status()["pools"][0]["running"] == 0 && daemon.status()["pools"][0]["ready"] == 0; }));
}

TEST_CASE("map_async is one durable id, for this client and any other") {
  testing::Daemon daemon({.workers = 2});
  std::uint64_t id = 0;
  {
    const MapResult result = Client(daemon.socket()).pool().map_async("square", up_to(100));
    id = result.id();
    CHECK(result.wait());
    CHECK(result.ready());
    CHECK(result.successful());
    CHECK(result.get<long>() == squares(100));
  }
  daemon.kill_everything();
  daemon.start_again();
  const MapResult again = Client(daemon.socket()).map_result(id);
  CHECK(again.get<long>() == squares(100));
  CHECK(again.remove());
  CHECK_THROWS_AS(again.get<long>(), Interrupted);  // the daemon that gave out the id is gone, and nothing is left of it
  const MapResult other = Client(daemon.socket()).pool().map_async("square", up_to(10));
  REQUIRE(other.wait());
  CHECK(other.remove());
  CHECK_THROWS_AS(other.get<long>(), NoSuchJob);
  CHECK_THROWS_AS(Client(daemon.socket()).map_result(Client(daemon.socket()).pool().apply_async("square", 7).id()).get<long>(),
                  InvalidCall);
}

TEST_CASE("starmap_async whose item fails is not successful, and says which item it was") {
  const testing::Daemon daemon({.workers = 2});
  const Pool pool = Client(daemon.socket()).pool();
  const MapResult result =
      pool.starmap_async("divide", std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {3, 1}, {4, 0}, {5, 0}}, {.chunk_size = 2});
  REQUIRE(result.wait());
  CHECK_FALSE(result.successful());
  try {
    result.get<double>();
    FAIL("an item failed");
  } catch (const ItemFailed& failed) {
    CHECK(failed.index() == 3);
  }
}

TEST_CASE("map_async can be waited for in vain, and cancelled") {
  const testing::Daemon daemon({.workers = 1});
  const MapResult result = Client(daemon.socket()).pool().map_async("sleep", std::vector<int>{100, 100, 100}, {.chunk_size = 1});
  CHECK_FALSE(result.wait(std::chrono::milliseconds(1)));
  CHECK_FALSE(result.ready());
  CHECK_THROWS_AS(result.successful(), NotReady);
  CHECK_THROWS_AS(result.get(std::chrono::milliseconds(1)), jobpool::TimeoutError);
  CHECK(result.cancel());
  CHECK_THROWS_AS(result.get(), JobCancelled);
  CHECK_THROWS_AS(Client(daemon.socket()).pool().map_async("square", std::vector<int>{}), InvalidCall);
}

TEST_CASE("a map goes on when the broker dies in it") {
  const testing::Daemon daemon({.workers = 2});
  const Pool pool = Client(daemon.socket()).pool();
  auto stream = pool.imap<long>("square", up_to(2'000), {.chunk_size = 5});
  std::vector<long> all;
  for (int i = 0; i < 500; ++i) all.push_back(*stream.next());
  ::kill(daemon.broker_pid(), SIGKILL);
  while (const auto value = stream.next()) all.push_back(*value);
  CHECK(all == squares(2'000));
}

TEST_CASE("apply_async gives a result that can be asked, waited for and had, here and by its id") {
  const testing::Daemon daemon({.workers = 1});
  const Client client(daemon.socket());
  const AsyncResult result = client.pool().apply_async("square", 7);
  CHECK(result.wait());
  CHECK(result.ready());
  CHECK(result.successful());
  CHECK(result.get<int>() == 49);
  CHECK(client.job(result.id()).get<int>() == 49);
}

TEST_CASE("Queue in the library: put, get, full, empty, qsize, task_done, join, first in, first out") {
  const testing::Daemon daemon({.workers = 1});
  const jobpool::Queue queue = Client(daemon.socket()).create_queue("mail", {.maxsize = 2});
  CHECK(queue.empty());
  queue.put(1);
  queue.put("two");
  CHECK(queue.full());
  CHECK(queue.qsize() == 2);
  CHECK_THROWS_AS(queue.put_nowait(3), QueueFull);
  CHECK(queue.get<int>() == 1);
  CHECK(queue.get<std::string>() == "two");
  CHECK_THROWS_AS(queue.get_nowait(), QueueEmpty);
  CHECK_FALSE(queue.join(std::chrono::milliseconds(1)));
  queue.task_done();
  queue.task_done();
  CHECK(queue.join());
}

TEST_CASE("apply_async calls back with the result or the error, and not when nobody waits any more") {
  const testing::Daemon daemon({.workers = 1});
  const Pool pool = Client(daemon.socket()).pool();
  std::string told;
  const auto value = [&](long result) { told += std::to_string(result) + "\n"; };
  const auto error = [&](const ClientError& failed) { told += std::string{failed.what()} + "\n"; };
  pool.apply_async("square", 7).then<long>(value, error).wait();
  pool.apply_async("divide", 1, 0).then<double>({}, error).wait();
  CHECK(told.starts_with("49\n"));
  CHECK(told.find("division by zero") != std::string::npos);
  const AsyncResult endless = pool.apply_async("sleep", 1'000'000);
  { const EndWatch dropped = endless.then<long>(value, error); }
  CHECK(endless.cancel());
  CHECK(std::count(told.begin(), told.end(), '\n') == 2);
}

TEST_CASE("apply_async's callback may drop its own watch, and wait for it") {
  // The bug: the thread waited for itself, which ended the program.
  const testing::Daemon daemon({.workers = 1});
  const Pool pool = Client(daemon.socket()).pool();
  std::optional<EndWatch> own;
  std::latch is_kept(1), is_over(1);
  own.emplace(pool.apply_async("square", 7).then<long>([&](long) {
    is_kept.wait();
    own->wait();
    own.reset();
    is_over.count_down();
  }));
  is_kept.count_down();
  is_over.wait();
  CHECK_FALSE(own);
}
