// Answers of handlers, checked against "exactly once" and put where their turn is.
#include "daemon/broker/server/session_call.hpp"

#include <utility>

#include "common/log.hpp"
#include "daemon/broker/server/session.hpp"

namespace jobpool::broker {

void SessionCall::reply(std::string_view parameters_json, std::vector<UniqueFd> fds, std::function<void()> handed_over) {
  answer([&](Outbox& outbox) { outbox.add_reply(parameters_json, std::move(fds), std::move(handed_over)); }, handed_over);
}

void SessionCall::reply_written(Write write, std::function<void()> handed_over) {
  answer([&](Outbox& outbox) { outbox.add_reply(write, std::move(handed_over), session_->socket_for(*this)); }, handed_over);
}

void SessionCall::answer(function_ref<void(Outbox& outbox)> put, const std::function<void()>& handed_over) {
  if (!may_answer()) return;
  if (is_heard()) {
    put(session_->outbox_of(*this));
  } else if (session_ != nullptr && handed_over) {
    handed_over();  // nothing is to be sent, and all of it was
  }
  finish();
}

bool SessionCall::reply_more(std::string_view parameters_json, std::function<void()> handed_over) {
  if (answered_) log::error("{}: a reply after the last one, dropping it", envelope.method);
  if (answered_ || !is_heard()) return true;
  session_->outbox_of(*this).add_continuing_reply(parameters_json, std::move(handed_over));
  paused_ = !session_->continued(*this);
  return !paused_;
}

void SessionCall::reply_unhurried(std::string_view parameters_json) {
  reply_more(parameters_json);
  if (!answered_ && is_heard()) session_->need_not_hurry(*this);
}

void SessionCall::error(std::string_view name, std::string_view parameters_json) {
  if (!may_answer()) return;
  if (is_heard()) session_->outbox_of(*this).add_error(name, parameters_json);
  finish();
}

void SessionCall::when_room(std::function<void()> go_on) {
  if (session_ == nullptr) return;  // closed
  if (take_room()) return go_on();
  go_on_ = std::move(go_on);
}

bool SessionCall::take_room() { return session_ != nullptr && (envelope.oneway || session_->has_room_for(*this)); }

bool SessionCall::may_answer() {
  if (answered_) log::error("{}: answered twice, dropping the second answer", envelope.method);
  return !answered_;
}

void SessionCall::finish() {
  answered_ = true;
  paused_ = false;
  fds.clear();  // it may stay for long behind an earlier one
  // The callbacks often hold this call themselves: kept, the circle would never be freed; and freed before the end of this function,
  // they might take the call along.
  const auto hangup = std::exchange(on_hangup, nullptr);
  const auto drained = std::exchange(on_drained, nullptr);
  const auto waiting = std::exchange(go_on_, nullptr);
  if (Session* const session = std::exchange(session_, nullptr)) session->answered(*this);
}

void CallQueue::push(std::shared_ptr<SessionCall> call) {
  SessionCall* const last = call.get();
  (back_ == nullptr ? front_ : back_->next_) = std::move(call);
  back_ = last;
}

std::shared_ptr<SessionCall> CallQueue::pop() {
  std::shared_ptr<SessionCall> call = std::move(front_);
  front_ = std::move(call->next_);
  if (front_ == nullptr) back_ = nullptr;
  return call;
}

std::vector<std::shared_ptr<SessionCall>> CallQueue::take_paused() {
  std::vector<std::shared_ptr<SessionCall>> paused;
  for (std::shared_ptr<SessionCall> call = front_; call != nullptr; call = call->next_) {
    if (std::exchange(call->paused_, false)) paused.push_back(call);
  }
  return paused;
}

std::shared_ptr<SessionCall> CallQueue::first_waiting() const {
  std::shared_ptr<SessionCall> call = front_;
  while (call != nullptr && !call->go_on_) call = call->next_;
  return call;
}

}  // namespace jobpool::broker
