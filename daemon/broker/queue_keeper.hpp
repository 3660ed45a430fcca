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
  QueueKeeper(Journal& journal, std::optional<QueueLog> log, QueueLimits limits, ReadClocks now = read_clocks);

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
  // The broker ends: what is with no consumer for sure is put back.
  void take_back_all();

  Now now() const { return now_(); }
  const QueueCore& core() const { return core_; }

 private:
  void carry_out(const SaveQueue& effect);
  void carry_out(const AnswerQueueCall& effect);
  void save_durable(const QueueWrite& write);
  void save_in_log(const QueueWrite& write);
  void complain(const Error& error);

  Journal& journal_;
  const ReadClocks now_;
  std::optional<QueueLog> log_;
  QueueCore core_;
  std::function<void(const AnswerQueueCall&)> on_answer_;
  QueueEffects effects_;
  bool carrying_out_ = false;
  bool wants_turn_ = false;
  bool has_complained_ = false;  // since the log could last be written
};

}  // namespace jobpool::broker
