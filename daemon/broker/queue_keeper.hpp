// Carries events to the queue core, and its effects to whoever keeps records (the journal for durable queues, the queue log for others)
// and to whoever answers callers. What the engine is for jobs. Broker process, its one thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "daemon/broker/engine.hpp"
#include "daemon/broker/queues/queue_core.hpp"
#include "daemon/broker/store/queue_log.hpp"

namespace jobpool::broker {

class QueueKeeper {
 public:
  // `journal` must outlive this. `log`: none, and what is not durable dies with this broker (tests).
  QueueKeeper(Journal& journal, std::optional<QueueLog> log, QueueLimits limits, ReadClocks clocks = read_clocks);

  // What earlier brokers left; before anything else is told.
  void inherit(std::vector<StoredQueue> queues);

  // Who answers the calls; set once, must outlive this.
  void set_listener(std::function<void(const AnswerQueueCall&)> on_answer) { on_answer_ = std::move(on_answer); }

  // Hands an event to the core and carries out all its effects.
  void tell(QueueEvent&& event);
  // The disk is full: these were not stored.
  void on_puts_refused(const std::vector<PutNumber>& puts);

  // After the journal's: what was saved since waits for the next turn, which must come soon if anybody waits for it.
  void end_turn();
  bool wants_turn() const { return wants_turn_; }
  void run_due() { tell(QueueTick{}); }
  std::optional<TimePoint> next_deadline() const { return core_.next_deadline(); }
  // The broker ends: nothing is given any more. Before callers are sent away, whose items would else go to the next ones.
  void give_no_more() { tell(GiveNoMore{}); }
  // What is with no consumer for sure is put back. After give_no_more().
  void take_back_all();

  Now now() const { return now_by(read_clocks_); }
  const QueueCore& core() const { return core_; }

 private:
  void carry_out(const SaveQueue& effect);
  void carry_out(const AnswerQueueCall& effect);
  void save_durable(const QueueWrite& write);
  void save_in_log(const QueueWrite& write);
  void complain(const Error& error);
  void rewrite_log();

  Journal& journal_;
  const ReadClocks read_clocks_;
  std::optional<QueueLog> log_;
  QueueCore core_;
  std::function<void(const AnswerQueueCall&)> on_answer_;
  QueueEffects effects_;
  bool carrying_out_ = false;
  bool wants_turn_ = false;
  bool has_complained_ = false;          // since the log could last be written
  bool has_complained_of_size_ = false;  // likewise, rewritten
  TimePoint rewrite_not_before_{};
};

}  // namespace jobpool::broker
