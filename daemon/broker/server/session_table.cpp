// Bookkeeping of the sessions: their list, their turn to send, and the common limit on input that is not yet a call.
#include "daemon/broker/server/session_table.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "daemon/broker/server/session.hpp"

namespace jobpool::broker {

SessionTable::SessionTable(asio::io_context& io, CallHandler& handler, const Limits& limits, std::function<void(const Peer&)> on_end)
    : io_(io), handler_(handler), limits_(limits), on_end_(std::move(on_end)), read_buffer_(kReadBufferBytes), lingered_(io) {}

SessionTable::~SessionTable() { close_all(); }

void SessionTable::start(UniqueFd socket, const Peer& peer) {
  auto session = std::make_shared<Session>(*this, io_, peer);
  if (!session->open(std::move(socket))) return on_end_(peer);
  session->place_ = sessions_.size();
  sessions_.push_back(session);
  session->start();
}

void SessionTable::flush() {
  std::swap(unsent_, flushing_);
  for (const std::shared_ptr<Session>& session : flushing_) session->flush();
  flushing_.clear();
}

void SessionTable::close_all() {
  unsent_.clear();
  while (!sessions_.empty()) {
    const std::shared_ptr<Session> session = sessions_.back();
    session->abandon();  // which removes it here
  }
}

void SessionTable::will_send(Session& session) { unsent_.push_back(session.shared_from_this()); }

// One timer for all: who comes later waits less.
void SessionTable::will_send_soon(Session& session) {
  if (lingering_.empty()) {
    lingered_.set(Clock::now() + limits_.unhurried, [this] {
      for (const std::weak_ptr<Session>& waiting : std::exchange(lingering_, {})) {
        if (const std::shared_ptr<Session> still_there = waiting.lock()) still_there->linger_no_longer();
      }
    });
  }
  lingering_.push_back(session.weak_from_this());
}

void SessionTable::account_input(std::size_t before, std::size_t after) {
  buffered_input_ = buffered_input_ - before + after;
  if (after > before && buffered_input_ > limits_.buffered_input) close_largest();
}

void SessionTable::close_largest() {
  const auto largest = std::max_element(sessions_.begin(), sessions_.end(),
                                        [](const auto& a, const auto& b) { return a->buffered_input() < b->buffered_input(); });
  if (largest == sessions_.end()) return;
  const std::shared_ptr<Session> session = *largest;
  log::warn("{} bytes of unfinished requests on all connections, closing the one with most of them (pid {}, {} bytes)", buffered_input_,
            session->peer().pid, session->buffered_input());
  session->hang_up();
}

void SessionTable::remove(Session& session) {
  const std::size_t place = session.place_;
  if (place >= sessions_.size() || sessions_[place].get() != &session) return;
  std::swap(sessions_[place], sessions_.back());
  sessions_[place]->place_ = place;
  const std::shared_ptr<Session> ended = std::move(sessions_.back());
  sessions_.pop_back();
  on_end_(ended->peer());
}

}  // namespace jobpool::broker
