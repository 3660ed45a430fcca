// Histories that nobody would think of: random producers, consumers, deaths of either and of the broker, against what must hold always.
#include <algorithm>
#include <random>
#include <set>

#include "tests/support/seed.hpp"
#include "tests/support/test_size.hpp"
#include "tests/unit/broker/queues/queue_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// Callers that live: those with keys come back to the next broker.
struct Storm {
  struct Consumer {
    Token token;
    std::string key;
    std::size_t count;
  };
  struct Producer {
    Token token;
    std::string key;
    std::vector<std::string> items;
  };

  explicit Storm(unsigned seed) : random(seed) {}

  std::mt19937 random;
  QueueDriver queues;
  std::vector<Consumer> consumers;
  std::vector<Producer> producers;
  std::set<std::string> put, handed, excused;  // handed: to a consumer, dead or alive; excused: as the interface says, nobody knows
  std::uint64_t last_item = 0, last_key = 0;

  unsigned below(unsigned limit) { return static_cast<unsigned>(random() % limit); }
  std::string new_key() { return below(4) == 0 ? "" : "k" + std::to_string(++last_key); }

  void begin_put() {
    Producer producer{{}, new_key(), {}};
    for (unsigned left = 1 + below(4); left > 0; --left) producer.items.push_back(std::to_string(++last_item));
    producer.token = queues.put(producer.items, below(5) == 0 ? MayWait::no : MayWait::yes, {}, producer.key.c_str());
    producers.push_back(producer);
  }
  void begin_get() {
    Consumer consumer{{}, new_key(), 1 + below(3)};
    consumer.token = queues.get(consumer.count, MayWait::yes, {}, consumer.key.c_str());
    consumers.push_back(consumer);
  }
  void collect_puts() {
    std::erase_if(producers, [&](const Producer& producer) {
      const std::string said = queues.said(producer.token);
      if (said == "-") return false;
      const std::size_t count = std::min<std::size_t>(queues.answers.at(producer.token).number, producer.items.size());
      REQUIRE((said.starts_with("well") || said.starts_with("full")));
      put.insert(producer.items.begin(), producer.items.begin() + static_cast<std::ptrdiff_t>(count));
      said.starts_with("full") ? queues.leave(producer.token) : queues.hand_over(producer.token);
      return true;
    });
  }
  // A consumer that has its answer reads it (and may die with it, for all that matters here), or dies before it was sent.
  void collect_gets() {
    std::erase_if(consumers, [&](const Consumer& consumer) {
      const auto answer = queues.answers.find(consumer.token);
      if (answer == queues.answers.end() || below(3) == 0) return false;
      if (below(6) == 0) {
        queues.leave(consumer.token);
        return true;
      }
      for (const SharedText& item : answer->second.items) REQUIRE(handed.insert(std::string(item)).second);
      queues.hand_over(consumer.token);
      return true;
    });
  }
  void kill_waiter() {
    if (!consumers.empty() && below(2) == 0) {
      const auto index = below(static_cast<unsigned>(consumers.size()));
      queues.leave(consumers[index].token);
      consumers.erase(consumers.begin() + index);
    } else if (!producers.empty()) {
      const auto index = below(static_cast<unsigned>(producers.size()));
      const Producer& producer = producers[index];
      excused.insert(producer.items.begin(), producer.items.end());  // any of them may be in the queue
      queues.leave(producer.token);
      producers.erase(producers.begin() + index);
    }
  }
  void kill_broker() {
    queues.hold_puts = false;
    // Answers that no consumer has: without a key these items are lost, as the interface says.
    for (const Consumer& consumer : consumers) {
      const auto answer = queues.answers.find(consumer.token);
      if (answer == queues.answers.end() || !consumer.key.empty()) continue;
      for (const SharedText& item : answer->second.items) excused.insert(std::string(item));
    }
    queues.next_broker();
    std::erase_if(consumers, [](const Consumer& consumer) { return consumer.key.empty(); });
    std::erase_if(producers, [&](const Producer& producer) {
      if (producer.key.empty()) excused.insert(producer.items.begin(), producer.items.end());
      return producer.key.empty();
    });
    for (Consumer& consumer : consumers) consumer.token = queues.get(consumer.count, MayWait::yes, {}, consumer.key.c_str());
    for (Producer& producer : producers) producer.token = queues.put(producer.items, MayWait::yes, {}, producer.key.c_str());
  }
  void step() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return begin_put();
      case 3:
      case 4:
      case 5:
        return begin_get();
      case 6:
        queues.store_held();
        queues.hold_puts = below(2) == 0;
        return;
      case 7:
        return kill_waiter();
      case 8:
        return below(8) == 0 ? kill_broker() : void();
      default:
        collect_puts();
        return collect_gets();
    }
  }
  // Everybody who lives finishes, and the rest is taken.
  void end() {
    queues.hold_puts = false;
    queues.store_held();
    for (int round = 0; round < 200 && !(consumers.empty() && producers.empty()); ++round) {
      collect_puts();
      std::erase_if(consumers, [&](const Consumer& consumer) {
        if (queues.said(consumer.token) != "-") return false;
        queues.leave(consumer.token);
        return true;
      });
      collect_gets();
      if (!producers.empty())
        if (const std::string item = queues.take(); item != "empty") REQUIRE(handed.insert(item).second);
    }
    for (std::string item = queues.take(); item != "empty"; item = queues.take()) REQUIRE(handed.insert(item).second);
  }
};

}  // namespace

TEST_CASE("whoever dies when, no item is seen twice and none is lost but by its consumer's death") {
  const unsigned seed = jobpool::testing::any_seed();
  for (unsigned round = 0; round < static_cast<unsigned>(jobpool::testing::of_size(300, 20'000)); ++round) {
    INFO("seed " << seed << " round " << round);
    Storm storm(seed + round);
    storm.queues.create("q", storm.below(3) == 0 ? 0 : 1 + storm.below(5));
    for (int step = 0; step < 200; ++step) storm.step();
    storm.end();
    for (const std::string& item : storm.put) {
      INFO("item " << item);
      REQUIRE((storm.handed.contains(item) || storm.excused.contains(item)));
    }
    CHECK(storm.queues.core.find("q")->taken == 0);
    CHECK(storm.queues.core.bytes_in_memory() == 0);
  }
}
