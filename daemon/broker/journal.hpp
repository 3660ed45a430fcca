// What must be in the store before it may have effects: gathers the writes of a turn into one batch, and keeps what waits for their commit.
// Broker process, its one thread; owned by the engine.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "daemon/broker/stats/histogram.hpp"
#include "daemon/broker/store/store.hpp"

namespace jobpool::broker {

// Who hears what the store has to say beside commits.
class JournalListener {
 public:
  virtual ~JournalListener() = default;
  virtual void on_not_stored(const std::vector<JobId>& jobs) = 0;  // refused: the disk is full, until on_store_has_room()
  virtual void on_store_has_room() = 0;
  // Nothing can be committed, until something is.
  virtual void on_store_stuck() = 0;
  virtual void on_store_moves() = 0;
  virtual void on_store_failed(const Error& error) = 0;
};

class Journal final : StoreListener {
 public:
  // Writes. To accept so many takes the loop about half as long as a commit takes on a quick disk: the rest, and what comes meanwhile, is
  // ready when the store is. Fewer would only make more commits: with 16, of 64 in flight each cost a tenth more, and 3 to 10 % fewer
  // went through.
  static constexpr std::size_t kWorthACommit = 32;
  static constexpr std::size_t kMostExpected = 256;  // writes that room is made for at once

  // Both must outlive this.
  Journal(Store& store, JournalListener& listener) : store_(store), listener_(listener) {}

  // Into the turn's batch, which is as urgent as the most urgent of them.
  void write(StoreWrite write, Urgency urgency = Urgency::now) {
    if (batch_.empty()) batch_.reserve(std::min(expected_, kMostExpected));
    batch_.push_back(std::move(write));
    urgency_ = std::min(urgency_, urgency);
  }
  // Somebody waits for that commit, or for one before it.
  void hurry(CommitNumber number) { hurries_ |= number > committed_; }

  // The commit that the turn's batch will be.
  CommitNumber open_commit() const { return last_ + 1; }

  bool is_durable(CommitNumber number) const { return number <= committed_; }

  // Done when everything up to that commit is durable: now, if it is already. Those of one commit in the order of the calls.
  void after(CommitNumber number, std::function<void()> action);
  // Likewise, with everything written so far.
  void after_commit(std::function<void()> action) { after(batch_.empty() ? last_ : last_ + 1, std::move(action)); }

  // Hands the turn's batch over; several turns' batches may be under way at once.
  void end_turn();

  // What was written in this turn is worth a commit of its own, and it would begin at once.
  bool is_worth_a_commit() const { return batch_.size() >= kWorthACommit && store_.is_idle(); }

  // Something is not durable yet, or waits for it.
  bool is_busy() const { return !batch_.empty() || !waiting_.empty() || committed_ < last_; }

  // Carries out what was committed meanwhile. To be called when descriptor() is readable.
  void collect() { store_.collect(*this); }
  int descriptor() const { return store_.descriptor(); }

  Store& store() { return store_; }

  // How long commits took, from the end of their turn until they were told.
  const Histogram& commit_times() const { return commit_times_; }

  // Who puts items into durable queues: told which of them were not stored, since the disk is full.
  void set_put_listener(std::function<void(const std::vector<PutNumber>&)> on_refused) { on_puts_refused_ = std::move(on_refused); }

 private:
  void on_committed(CommitNumber number) override;
  void on_full(CommitNumber number, std::vector<JobId> refused) override;
  void on_puts_refused(CommitNumber, const std::vector<PutNumber>& puts) override {
    if (on_puts_refused_) on_puts_refused_(puts);
  }
  void on_room() override { listener_.on_store_has_room(); }
  void on_stuck() override {
    is_stuck_ = true;
    listener_.on_store_stuck();
  }
  void on_failed(Error error) override { listener_.on_store_failed(error); }

  Store& store_;
  JournalListener& listener_;
  StoreBatch batch_;
  std::size_t expected_ = 0;               // writes: about as many as the larger ones of the last batches had
  Urgency urgency_ = Urgency::later;       // of the batch
  bool hurries_ = false;                   // also with those before
  CommitNumber last_ = 0, committed_ = 0;  // handed over; durable
  bool is_stuck_ = false;
  std::deque<TimePoint> handed_over_at_;  // those in between
  Histogram commit_times_;
  std::map<CommitNumber, std::vector<std::function<void()>>> waiting_;
  std::function<void(const std::vector<PutNumber>&)> on_puts_refused_;
};

}  // namespace jobpool::broker
