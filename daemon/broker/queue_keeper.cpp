// Events to the queue core, effects to the world.
#include "daemon/broker/queue_keeper.hpp"

#include <chrono>
#include <utility>

#include "common/log.hpp"

namespace jobpool::broker {
namespace {

constexpr std::chrono::seconds kRewritePause{1};

// It tells that nothing has happened, or of a put's items those that are committed: the disk is not waited for, which may be full.
bool is_refusal(QueueVerdict verdict) {
  return verdict == QueueVerdict::full || verdict == QueueVerdict::store_full || verdict == QueueVerdict::empty ||
         verdict == QueueVerdict::timed_out;
}

}  // namespace

QueueKeeper::QueueKeeper(Journal& journal, std::optional<QueueLog> log, QueueLimits limits, ReadClocks clocks)
    : journal_(journal), read_clocks_(std::move(clocks)), log_(std::move(log)), core_(limits) {}

void QueueKeeper::inherit(std::vector<StoredQueue> queues) {
  for (StoredQueue& queue : queues) tell(InheritQueue{std::move(queue)});
}

void QueueKeeper::tell(QueueEvent&& event) {
  core_.handle(std::move(event), now(), effects_);
  if (std::exchange(carrying_out_, true)) return;  // the loop below, further up the stack, goes on with what was added
  for (std::size_t i = 0; i < effects_.size(); ++i) {
    const QueueEffect effect = std::move(effects_[i]);  // carrying it out may append to effects_
    std::visit([this](const auto& one) { carry_out(one); }, effect);
  }
  effects_.clear();
  carrying_out_ = false;
}

void QueueKeeper::on_puts_refused(const std::vector<PutNumber>& puts) {
  for (const PutNumber put : puts) tell(PutRefused{put});
}

void QueueKeeper::carry_out(const SaveQueue& effect) { effect.durable ? save_durable(effect.write) : save_in_log(effect.write); }

void QueueKeeper::save_durable(const QueueWrite& write) {
  // That a caller has its answer is noted for the next broker alone.
  const bool is_note = std::holds_alternative<ItemsGone>(write) || std::holds_alternative<CallForgotten>(write);
  journal_.write(write, is_note ? Urgency::soon : Urgency::now);
  if (const auto* put = std::get_if<ItemsPut>(&write)) {
    // Refused ones are committed without their items, and PutRefused was told before.
    wants_turn_ = true;
    journal_.after(journal_.open_commit(), [this, number = put->number] { tell(PutStored{number}); });
  }
}

void QueueKeeper::save_in_log(const QueueWrite& write) {
  const auto* put = std::get_if<ItemsPut>(&write);
  const auto written = !log_ ? Result<void>{} : put != nullptr ? log_->append(write) : log_->append_later(write);
  if (written)
    has_complained_ = false;
  else
    complain(written.error());
  if (put == nullptr) return;
  if (written) return tell(PutStored{put->number});
  tell(PutRefused{put->number});
}

void QueueKeeper::complain(const Error& error) {
  if (std::exchange(has_complained_, true)) return;
  log::error("{}; queues that are not durable take no items until there is room, and a broker's death would give again what they gave",
             error.text);
}

void QueueKeeper::carry_out(const AnswerQueueCall& effect) {
  if (!effect.durable || is_refusal(effect.verdict)) return on_answer_(effect);
  wants_turn_ = true;
  journal_.after_commit([this, effect] { on_answer_(effect); });
}

void QueueKeeper::end_turn() {
  wants_turn_ = false;
  if (log_ && log_->is_worth_rewriting()) rewrite_log();
}

void QueueKeeper::rewrite_log() {
  const TimePoint at = now().steady;
  if (at < rewrite_not_before_) return;  // it may be a gigabyte, for nothing
  const auto rewritten = log_->rewrite(core_.kept_in_memory());
  if (rewritten) {
    has_complained_of_size_ = false;
    return;
  }
  rewrite_not_before_ = at + kRewritePause;
  if (std::exchange(has_complained_of_size_, true)) return;
  log::error("{}; the log of queues that are not durable cannot be written anew and goes on growing, until there is room for another",
             rewritten.error().text);
}

void QueueKeeper::take_back_all() {
  for (const Token token : core_.calls_with_items()) tell(CallerGone{token});
}

}  // namespace jobpool::broker
