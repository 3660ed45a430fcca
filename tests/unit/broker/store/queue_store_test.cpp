// Durable queues in the store: what is committed is read back as it was; a full disk refuses items and lets others go; damage is refused.
#include <random>

#include "daemon/broker/queues/queue_core.hpp"
#include "daemon/broker/queues/stored_queues.hpp"
#include "daemon/broker/store/memory_store.hpp"
#include "tests/support/store/queues_text.hpp"
#include "tests/support/store/trial_disk.hpp"
#include "tests/support/test_size.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

// What a core with random callers saves. Puts are stored as soon as they are said.
class QueueHistory {
 public:
  explicit QueueHistory(unsigned seed) : random_(seed) {}

  StoreBatch next() {
    for (unsigned events = random_() % 6; events > 0; --events) tell_any();
    return std::exchange(batch_, {});
  }
  // The next broker's core begins with what was kept.
  void inherit(std::vector<StoredQueue> queues) {
    core_ = QueueCore(QueueLimits{});
    tokens_.clear();
    for (StoredQueue& queue : queues) tell(InheritQueue{std::move(queue)});
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  SharedText name() { return std::string(1, static_cast<char>('a' + below(3))); }
  SharedText key() { return below(2) == 0 ? "" : "key " + std::to_string(++last_key_); }
  Token token() { return tokens_.emplace_back(Token{++last_token_}); }

  void tell(QueueEvent event) {
    QueueEffects effects;
    core_.handle(std::move(event), now_, effects);
    for (QueueEffect& effect : effects) {
      auto* save = std::get_if<SaveQueue>(&effect);
      if (save == nullptr) continue;
      const auto* put = std::get_if<ItemsPut>(&save->write);
      const PutNumber number = put == nullptr ? PutNumber{} : put->number;
      batch_.emplace_back(std::move(save->write));
      if (put != nullptr) tell(PutStored{number});
    }
  }
  void tell_any() {
    switch (below(9)) {
      case 0:
        return tell(CreateQueue{token(), name(), below(20), true, false});
      case 1:
        return below(8) == 0 ? tell(DeleteQueue{token(), name()}) : void();
      case 2:
      case 3: {
        std::vector<SharedText> items;
        for (unsigned left = 1 + below(4); left > 0; --left) items.emplace_back(std::string(1 + below(below(9) == 0 ? 9'000 : 30), 'i'));
        return tell(PutItems{token(), name(), key(), std::move(items), MayWait::no, {}});
      }
      case 4:
      case 5:
        return tell(GetItems{token(), name(), key(), 1 + below(4), MayWait::no, {}});
      case 6:
        return tell(TasksDone{token(), name(), key(), 1 + below(2)});
      default:
        if (tokens_.empty()) return;
        const Token one = tokens_[below(static_cast<unsigned>(tokens_.size()))];
        return below(2) == 0 ? tell(AnswerHandedOver{one}) : tell(CallerGone{one});
    }
  }

  std::mt19937 random_;
  QueueCore core_{QueueLimits{}};
  Now now_{TimePoint{} + std::chrono::hours(1), 5};
  std::vector<Token> tokens_;
  std::uint64_t last_token_ = 0, last_key_ = 0;
  StoreBatch batch_;
};

void compare_queues_with_model(unsigned seed) {
  const TempDir dir(TempDir::On::memory);
  MemoryStore model;
  QueueHistory history(seed);
  for (int life = 0; life < 3; ++life) {
    auto store = opened(options_in(dir));
    const auto found = store->load_queues();
    REQUIRE(found);
    REQUIRE(text_of(*found) == text_of(*model.load_queues()));
    REQUIRE(store->load());
    history.inherit(*found);
    Told told, told_by_model;
    for (int batches = 0; batches < 30; ++batches) {
      const StoreBatch batch = history.next();
      model.commit(batch);
      store->commit(batch);
    }
    model.step();
    model.collect(told_by_model);
    REQUIRE(collect_all(*store, told));
    REQUIRE_FALSE(told.has("failed"));
    REQUIRE(told.all == told_by_model.all);
    model.crash();
  }
}

QueueWrite made(std::uint64_t id, const char* name) { return QueueMade{QueueId{id}, name, 0, true, 1, 0}; }
QueueWrite put(std::uint64_t number, const std::string& item) {
  return ItemsPut{QueueId{1}, PutNumber{number}, ItemNumber{number}, {item}, "", 1};
}

class PutsTold : public Told {
 public:
  void on_puts_refused(CommitNumber number, const std::vector<PutNumber>& puts) override {
    for (const PutNumber one : puts) all.push_back("put " + std::to_string(one.value) + " of " + std::to_string(number));
  }
};

void with_sqlite(const TempDir& dir, const char* sql) {
  auto database = Database::open(dir.file("jobs.sqlite"), SQLITE_OPEN_READWRITE, "");
  REQUIRE(database);
  REQUIRE(database->run(sql));
}

}  // namespace

TEST_CASE("any history of queues is read back as a store in memory has it") {
  const int histories = heavy_of_size(40, 2'000);
  for (int seed = 1; seed <= histories; ++seed) {
    INFO("seed " << seed);
    compare_queues_with_model(static_cast<unsigned>(seed));
  }
}

TEST_CASE("a full disk refuses items, and commits what is taken and done") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  StoreOptions options = disk.options();
  options.try_again = std::chrono::hours(1);  // it stays full
  options.ballast_bytes = 1024 * 1024;
  auto store = loaded(options);
  commit(*store, {made(1, "q"), put(1, "\"first\"")});
  disk.set_room(0);
  PutsTold told;
  store->commit({put(2, std::string(50'000, '2')), QueueWrite{ItemsTaken{QueueId{1}, "", {ItemNumber{1}}}}});
  REQUIRE(collect_all(*store, told));
  store->commit({put(3, "3"), QueueWrite{ItemsDone{QueueId{1}, 1, ""}}});
  REQUIRE(collect_all(*store, told));
  CHECK(told.all == Words{"put 2 of 2", "committed 2", "put 3 of 3", "committed 3"});
  store.reset();
  CHECK(text_of(*opened(options)->load_queues()) == "1 q 0 1 0:\n");
}

TEST_CASE("the store in memory refuses items on a full disk as the other does") {
  MemoryStore store;
  store.commit({made(1, "q")});
  store.become_full();
  store.commit({put(1, "1"), QueueWrite{CallKept{QueueId{1}, "k", 2}}});
  store.step();
  PutsTold told;
  store.collect(told);
  CHECK(told.all == Words{"committed 1", "put 1 of 2", "committed 2"});
  CHECK(text_of(*store.load_queues()) == "1 q 0 1 0: (k 2)\n");
}

TEST_CASE("rows of queues that no version of ours writes are refused") {
  const TempDir dir;
  commit(*loaded(options_in(dir)), {made(1, "q"), put(1, "1")});
  SECTION("an item without its queue") { with_sqlite(dir, "INSERT INTO queue_item VALUES(2, 1, x'31')"); }
  SECTION("an item whose number is none") { with_sqlite(dir, "INSERT INTO queue_item VALUES(1, 0, x'31')"); }
  SECTION("a taken item that is not there") { with_sqlite(dir, "INSERT INTO queue_taken VALUES(1, 9, 'k')"); }
  SECTION("a call of a queue behind the last one") { with_sqlite(dir, "INSERT INTO queue_call VALUES(9, 'k', 1)"); }
  SECTION("a call without a key") { with_sqlite(dir, "INSERT INTO queue_call VALUES(1, '', 1)"); }
  SECTION("fewer tasks than none") { with_sqlite(dir, "UPDATE queue SET unfinished = -1"); }
  SECTION("a queue without a name") { with_sqlite(dir, "UPDATE queue SET name = ''"); }
  const auto queues = opened(options_in(dir))->load_queues();
  REQUIRE_FALSE(queues);
  CHECK(queues.error().code == Errc::protocol);
  CHECK(queues.error().text.find("the queues in jobs.sqlite are damaged") != std::string::npos);
}

TEST_CASE("a record of a queue that cannot follow fails the store, and is not committed") {
  const TempDir dir;
  {
    const auto store = loaded(options_in(dir));
    commit(*store, {made(1, "q")});
    SECTION("items of a queue that is not there") {
      store->commit({QueueWrite{ItemsPut{QueueId{5}, PutNumber{1}, ItemNumber{1}, {"1"}, "", 1}}});
    }
    SECTION("a name that is taken") { store->commit({made(2, "q")}); }
    SECTION("an end of a queue that is not there") { store->commit({QueueWrite{QueueDeleted{QueueId{5}}}}); }
    SECTION("an item that is not there") { store->commit({QueueWrite{ItemsTaken{QueueId{1}, "", {ItemNumber{1}}}}}); }
    Told told;
    REQUIRE(collect_all(*store, told));
    CHECK(told.has("failed"));
  }
  CHECK(text_of(*opened(options_in(dir))->load_queues()) == "1 q 0 1 0:\n");
}
