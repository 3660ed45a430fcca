// The input half of a session: waiting, reading, making calls, hang-up. The output half is in session_output.cpp.
#include "daemon/broker/server/session.hpp"

#include <poll.h>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <cstdlib>
#include <exception>
#include <utility>

#include "common/log.hpp"
#include "daemon/broker/server/service.hpp"
#include "daemon/broker/server/session_table.hpp"

namespace jobpool::broker {
namespace {

// What is true of the socket now. POLLHUP: the other end is closed, not only its sending half (that shows as POLLRDHUP alone).
int state_of(int socket) {
  pollfd watched{socket, POLLPRI, 0};
  return ::poll(&watched, 1, 0) == 1 ? watched.revents : 0;
}

bool is_hung_up(int state) { return (state & (POLLHUP | POLLERR)) != 0; }

}  // namespace

Session::Session(SessionTable& table, asio::io_context& io, const Peer& peer) : table_(&table), peer_(peer), descriptor_(io) {}

bool Session::open(UniqueFd socket) {
  asio::error_code error;
  descriptor_.assign(socket.get(), error);
  if (error) return false;
  (void)socket.release();
  return true;
}

void Session::start() {
  asio::co_spawn(descriptor_.get_executor(), run(shared_from_this()), [](const std::exception_ptr& error) {
    if (error == nullptr) return;
    log::critical("a connection's coroutine threw: a handler broke its contract, aborting");
    std::abort();
  });
}

// Waits for one thing at a time: input, or (when no more is wanted) the hang-up alone. Whoever changes what is wanted cancels the wait.
Awaitable Session::run([[maybe_unused]] std::shared_ptr<Session> self) {
  while (table_ != nullptr && !is_broken_) {
    if (std::exchange(turn_was_full_, false)) {
      co_await asio::post(descriptor_.get_executor(), kJustWait);
      if (table_ != nullptr) dispatch();
      continue;
    }
    const bool reading = wants_input();
    asio::error_code error;
    co_await descriptor_.async_wait(reading ? WaitType::wait_read : WaitType::wait_error, into(error));
    if (table_ == nullptr || is_broken_) break;
    if (error == asio::error::operation_aborted) {
      dispatch();
    } else if (error) {
      hang_up();
    } else if (reading) {
      on_readable();
    } else {
      on_exception();
    }
  }
}

void Session::on_readable() {
  if (is_over_limits()) throttled_ = true;
  if (!wants_input()) return;
  if (inbox_ == nullptr) inbox_ = table_->inboxes().take();
  switch (inbox_->read(descriptor_.native_handle(), table_->read_buffer(), table_->limits().end_of_passed_fds)) {
    case Inbox::Read::bytes:
    case Inbox::Read::nothing:
      break;
    case Inbox::Read::peer_gone:
      return hang_up();
    case Inbox::Read::violation:
      return violation("a message longer than 24 MiB, or too many descriptors");
    case Inbox::Read::end_of_input:
      if (is_hung_up(state_of(descriptor_.native_handle()))) return hang_up();
      input_ended_ = true;
  }
  dispatch();
}

void Session::on_exception() {
  const int state = state_of(descriptor_.native_handle());
  if (is_hung_up(state)) {
    take_what_is_left();
    return hang_up();
  }
  // Out-of-band data would wake this wait again and again; no client has a use for it.
  if ((state & POLLPRI) != 0) violation("out-of-band data");
}

// Nothing more can come, and what had come is no more than a socket holds. However much is unanswered: what was asked for one way is done.
void Session::take_what_is_left() {
  for (auto read = Inbox::Read::bytes; table_ != nullptr && !is_broken_ && read == Inbox::Read::bytes;) {
    if (inbox_ == nullptr) inbox_ = table_->inboxes().take();
    read = inbox_->read(descriptor_.native_handle(), table_->read_buffer(), table_->limits().end_of_passed_fds);
    while (inbox_ != nullptr) {
      std::optional<Inbox::Message> message = inbox_->next();
      if (!message) break;
      start_call(std::move(*message), Heard::no);
    }
  }
}

void Session::dispatch() {
  while (inbox_ != nullptr) {
    if (is_over_limits()) {
      throttled_ = true;
      break;
    }
    if (!inbox_->empty() && table_->is_turn_full()) {
      turn_was_full_ = true;
      break;
    }
    std::optional<Inbox::Message> message = inbox_->next();
    if (!message) break;
    start_call(std::move(*message));
  }
  if (table_ == nullptr) return;
  if (inbox_ != nullptr && inbox_->empty()) table_->inboxes().give_back(std::move(inbox_));
  account_input();
  close_if_done();
}

void Session::start_call(Inbox::Message message, Heard heard) {
  Result<proto::CallEnvelope> envelope = proto::read_call(message.text, message.runs);
  if (!envelope) return violation(envelope.error().text);
  if (heard == Heard::no && !envelope->oneway) return;
  auto call = std::make_shared<SessionCall>(*this, message.text.size());
  call->envelope = std::move(*envelope);
  call->fds = std::move(message.fds);
  call->lost_fds = message.lost_fds;
  call->peer = peer_;
  keep(call);
  if (!answer_without_handler(*call)) table_->handler().handle(call);
  call->envelope.parameters = {};  // they were in the message, whose room is the next one's
  if (table_ != nullptr && !call->is_answered()) unfinished_fds_ += call->count_fds();
}

void Session::keep(const std::shared_ptr<SessionCall>& call) {
  ++unfinished_;
  unfinished_bytes_ += call->request_bytes();
  if (!call->envelope.oneway) return calls_.push(call);
  call->place_ = oneway_.size();
  oneway_.push_back(call);
}

// What was answered before is the peer's due; the rest is dropped with the connection. It leaves as all answers do, when the turn has
// ended: before that, the ids in it may not be reserved.
void Session::violation(std::string_view what) {
  log::debug("connection of pid {} (uid {}): {}, closing it", peer_.pid, peer_.uid, what);
  if (outbox_ == nullptr || waits_for_room_) return hang_up();
  is_broken_ = true;
  inbox_.reset();
  account_input();
  want_flush();
}

// The latest first, and those that wait before those whose answers are dropped: what was on its way to one of them goes to others, and not
// from each to the next.
void Session::hang_up() {
  Remains remains = close();
  for (auto call = remains.calls.rbegin(); call != remains.calls.rend(); ++call)
    if (const auto tell = std::exchange((*call)->on_hangup, nullptr); tell && !(*call)->is_answered()) tell();
  for (const std::shared_ptr<SessionCall>& call : remains.calls) call->held_.reset();
}

// In a turn of its own: what others do about it is to reach the store, and nothing that was just sent to them may come of it.
void Session::hang_up_soon() {
  waits_for_room_ = true;  // nothing more is sent
  if (std::exchange(leaves_soon_, true)) return;
  asio::post(descriptor_.get_executor(), [self = shared_from_this()] {
    self->take_what_is_left();
    self->hang_up();
  });
}

void Session::abandon() { close(); }

// Of all its calls; their answers go nowhere from now on.
Session::Remains Session::close() {
  Remains remains;
  SessionTable* const table = std::exchange(table_, nullptr);
  if (table == nullptr) return remains;
  while (!calls_.empty()) oneway_.push_back(calls_.pop());
  remains.calls = std::exchange(oneway_, {});
  // All of them before any is let go: what is let go may answer another.
  for (const std::shared_ptr<SessionCall>& call : remains.calls) call->session_ = nullptr;
  for (const std::shared_ptr<SessionCall>& call : remains.calls) call->go_on_ = nullptr;  // it holds the call

  asio::error_code ignored;  // close() of a socket has nothing left to report
  descriptor_.close(ignored);
  inbox_.reset();
  remains.outbox = std::move(outbox_);
  table->account_input(std::exchange(buffered_, 0), 0);
  table->remove(*this);
  return remains;
}

void Session::account_input() {
  const std::size_t now = inbox_ == nullptr ? 0 : inbox_->buffered();
  const std::size_t before = std::exchange(buffered_, now);
  if (now != before) table_->account_input(before, now);
}

// An input that ended and left nothing to do: the last answer is with the socket, and what was asked for one way is done.
void Session::close_if_done() {
  if (input_ended_ && !throttled_ && calls_.empty() && oneway_.empty() && unsent() == 0) hang_up();
}

}  // namespace jobpool::broker
