// The output half of a session: answers in call order, one send per turn, and the limits on what the peer leaves unread.

#include <utility>

#include "common/log.hpp"
#include "daemon/broker/server/session.hpp"
#include "daemon/broker/server/session_table.hpp"

namespace jobpool::broker {

Outbox& Session::outbox_of(SessionCall& call) {
  std::unique_ptr<Outbox>& outbox = calls_.front() == &call ? outbox_ : call.held_;
  if (outbox == nullptr) outbox = table_->outboxes().take();
  return *outbox;
}

int Session::socket_for(SessionCall& call) { return calls_.front() == &call ? descriptor_.native_handle() : -1; }

bool Session::continued(SessionCall& call) {
  if (std::exchange(call.has_room_, false)) --in_the_making_;
  if (calls_.front() == &call) {
    want_flush();
  } else {
    count_held(call);
  }
  if (unsent() <= table_->limits().unsent_stream_bytes) return true;
  stream_paused_ = true;
  return false;
}

// What waits behind the first call cannot leave before that: it must not be what the first one waits for.
bool Session::has_room_for(SessionCall& call) {
  const bool is_first = calls_.front() == &call;
  const std::size_t ahead = is_first ? (outbox_ == nullptr ? 0 : outbox_->unsent()) : unsent();
  const bool has_room = ahead < table_->limits().unsent_bytes && (is_first || in_the_making_ < kAnswersInTheMaking);
  if (!has_room) {
    answers_wait_ = true;
    return false;
  }
  if (!std::exchange(call.has_room_, true)) ++in_the_making_;
  return true;
}

void Session::answered(SessionCall& call) {
  if (call.envelope.oneway) {
    const std::shared_ptr<SessionCall> kept_until_return = take_oneway(call);
    if (throttled_ || input_ended_) want_flush();  // which goes on reading, or closes
    return;
  }
  want_flush();
  if (std::exchange(call.has_room_, false)) --in_the_making_;
  if (calls_.front() != &call) return count_held(call);
  const std::shared_ptr<SessionCall> kept_until_return = pop_call();
  while (!calls_.empty()) {
    release_held(*calls_.front());
    if (!calls_.front()->is_answered()) break;
    pop_call();
  }
}

// Only now does the call count no more: until here it kept its request in memory, however early it was answered.
std::shared_ptr<SessionCall> Session::pop_call() {
  std::shared_ptr<SessionCall> call = calls_.pop();
  count_no_more(*call);
  return call;
}

std::shared_ptr<SessionCall> Session::take_oneway(SessionCall& call) {
  count_no_more(call);
  std::swap(oneway_[call.place_], oneway_.back());
  oneway_[call.place_]->place_ = call.place_;
  std::shared_ptr<SessionCall> taken = std::move(oneway_.back());
  oneway_.pop_back();
  if (oneway_.empty()) oneway_.shrink_to_fit();  // an idle session costs nothing
  return taken;
}

void Session::count_no_more(const SessionCall& call) {
  --unfinished_;
  unfinished_bytes_ -= call.request_bytes();
  unfinished_fds_ -= call.counted_fds();
}

// An answer that waits behind that of an earlier call leaves with it, and hurries as that does.
void Session::need_not_hurry(SessionCall& call) { may_linger_ = calls_.front() == &call; }

void Session::flush() {
  flush_wanted_ = false;
  if (table_ == nullptr) return;
  if (std::exchange(may_linger_, false)) {
    table_->will_send_soon(*this);
  } else if (outbox_ != nullptr && !waits_for_room_) {
    send();
  }
  if (table_ != nullptr && is_broken_) return hang_up_soon();
  relieve();
  if (table_ != nullptr) close_if_done();
}

void Session::linger_no_longer() {
  if (table_ != nullptr && outbox_ != nullptr) want_flush();
}

void Session::send() {
  std::vector<std::function<void()>> handed_over;
  switch (outbox_->send(descriptor_.native_handle(), handed_over)) {
    case Outbox::Sent::all:
      table_->outboxes().give_back(std::move(outbox_));
      if (had_waited_) watch_anew();
      break;
    case Outbox::Sent::part:
      wait_for_room();
      break;
    case Outbox::Sent::refused:  // the socket has room: to wait for that would be no wait
      table_->will_send_soon(*this);
      break;
    case Outbox::Sent::peer_gone:
      hang_up_soon();
      break;
  }
  for (const auto& tell : handed_over) tell();
}

void Session::want_flush() {
  may_linger_ = false;
  if (std::exchange(flush_wanted_, true)) return;
  table_->will_send(*this);
}

void Session::wait_for_room() {
  waits_for_room_ = had_waited_ = true;
  descriptor_.async_wait(WaitType::wait_write, [self = shared_from_this()](asio::error_code) {
    self->waits_for_room_ = false;
    if (self->table_ != nullptr) self->want_flush();
  });
}

// Asio goes on watching for writability once it was asked for, which would wake the broker at each message that the peer reads.
void Session::watch_anew() {
  had_waited_ = false;
  UniqueFd socket(descriptor_.release());  // cancels the reader's wait; it begins another
  if (!open(std::move(socket))) hang_up();
}

// Goes on with what waited for the peer to read or for calls to be answered.
void Session::relieve() {
  if (table_ == nullptr) return;
  if (throttled_ && is_well_under_limits()) {
    throttled_ = false;
    asio::error_code ignored;
    descriptor_.cancel(ignored);  // the reader looks anew at what it may wait for
  }
  resume_answers();
  if (table_ == nullptr) return;
  if (stream_paused_ && unsent() <= table_->limits().unsent_stream_bytes / 2) resume_streams();
}

// In call order, so that the first is never behind another.
void Session::resume_answers() {
  while (table_ != nullptr && answers_wait_) {
    const std::shared_ptr<SessionCall> call = calls_.first_waiting();
    if (call == nullptr) {
      answers_wait_ = false;
      return;
    }
    if (!has_room_for(*call)) return;
    const std::function<void()> go_on = std::exchange(call->go_on_, nullptr);
    go_on();
  }
}

void Session::resume_streams() {
  stream_paused_ = false;
  for (const std::shared_ptr<SessionCall>& call : calls_.take_paused()) {
    std::function<void()> drained = std::exchange(call->on_drained, nullptr);  // it may answer the call, and so destroy itself
    if (!drained) continue;
    drained();
    if (call->session_ != nullptr && !call->on_drained) call->on_drained = std::move(drained);
  }
}

void Session::count_held(SessionCall& call) {
  const std::size_t now = call.held_ == nullptr ? 0 : call.held_->unsent();
  const std::size_t fds = call.held_ == nullptr ? 0 : call.held_->unsent_fds();
  held_bytes_ += now - call.held_bytes_;
  held_fds_ += fds - call.held_fds_;
  call.held_bytes_ = now;
  call.held_fds_ = fds;
}

void Session::release_held(SessionCall& call) {
  if (call.held_ == nullptr) return;
  held_bytes_ -= std::exchange(call.held_bytes_, 0);
  held_fds_ -= std::exchange(call.held_fds_, 0);
  if (outbox_ == nullptr) {
    outbox_ = std::move(call.held_);
    return;
  }
  outbox_->append(std::move(*call.held_));
  table_->outboxes().give_back(std::move(call.held_));
}

std::size_t Session::unsent() const { return held_bytes_ + (outbox_ == nullptr ? 0 : outbox_->unsent()); }
std::size_t Session::unsent_fds() const { return held_fds_ + (outbox_ == nullptr ? 0 : outbox_->unsent_fds()); }

bool Session::is_over_limits() const {
  const Limits& limits = table_->limits();
  return unfinished_ >= limits.unanswered_calls || unfinished_bytes_ >= limits.unanswered_bytes ||
         unfinished_fds_ + unsent_fds() >= limits.unanswered_fds || unsent() >= limits.unsent_bytes;
}

// Half, so that reading does not start and stop with every single call at the limit.
bool Session::is_well_under_limits() const {
  const Limits& limits = table_->limits();
  return unfinished_ <= limits.unanswered_calls / 2 && unfinished_bytes_ <= limits.unanswered_bytes / 2 &&
         unfinished_fds_ + unsent_fds() <= limits.unanswered_fds / 2 && unsent() <= limits.unsent_bytes / 2;
}

}  // namespace jobpool::broker
