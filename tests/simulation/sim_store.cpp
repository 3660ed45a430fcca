// See sim_store.hpp.
#include "tests/simulation/sim_store.hpp"

#include <utility>

#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {

using namespace broker;

namespace {

std::string text_of(const StoreBatch& batch) {
  static constexpr const char* kNames[] = {
      "accepted", "goes on by another's end", "detached", "attempt", "attempt undone", "attempt ended", "ended", "removed",
      "(a pool)", "(a pool removed)",         "(a queue)"};
  std::string text;
  for (const StoreWrite& write : batch) text += fmt::format(" job {} {};", job_of(write).value, kNames[write.index()]);
  return text;
}

}  // namespace

// Between the store and the broker: hears all, passes on what the mutant lets through.
class SimStore::Ear final : public StoreListener {
 public:
  Ear(SimStore& store, StoreListener& listener) : store_(store), listener_(listener) {}

  void on_committed(CommitNumber number) override {
    if (store_.mutant_ == Mutant::early_commit || (store_.mutant_ == Mutant::mute_store && number % 3 == 0)) return;
    store_.fuse_.burn();
    store_.trace_.line("broker: hears that batch {} is committed", number);
    listener_.on_committed(number);
  }
  void on_full(CommitNumber number, std::vector<JobId> refused) override {
    store_.fuse_.burn();
    store_.trace_.line("broker: hears that {} jobs of batch {} are refused, the first is {}", refused.size(), number,
                       refused.front().value);
    store_.refused_.insert(refused.begin(), refused.end());
    listener_.on_full(number, std::move(refused));
  }
  void on_stuck() override {
    store_.fuse_.burn();
    store_.trace_.line("broker: hears that nothing can be committed");
    listener_.on_stuck();
  }
  void on_room() override { listener_.on_room(); }
  void on_failed(Error error) override { throw Violation{"the store refuses a batch: " + error.text}; }

 private:
  SimStore& store_;
  StoreListener& listener_;
};

CommitNumber SimStore::commit(StoreBatch batch, Urgency urgency) {
  fuse_.burn();
  for (const StoreWrite& write : batch)
    require(!refused_.contains(job_of(write)), "the store is told of job {}, which it refused, and its broker had heard so",
            job_of(write).value);
  const std::string text = trace_.is_on() ? text_of(batch) : "";
  last_ = store_.commit(std::move(batch), urgency);
  trace_.line("broker: hands over batch {}:{}", last_, text);
  return last_;
}

void SimStore::collect(StoreListener& listener) {
  Ear ear(*this, listener);
  store_.collect(ear);
  if (mutant_ == Mutant::early_commit) listener.on_committed(last_);
}

void SimStore::step(std::size_t batches) {
  if (mutant_ == Mutant::lost_step) {
    MemoryStore before = store_;
    before.crash();  // its events name the store they belong to
    earlier_ = std::move(before);
  }
  store_.step(batches);
}

void SimStore::crash() {
  if (earlier_) store_ = *std::exchange(earlier_, std::nullopt);
  store_.crash();
  refused_.clear();
  last_ = 0;
}

}  // namespace jobpool::simulation
