// One call of one session: where a handler's answer goes. Made by Session, kept by it until answered and by the handler as it likes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/server/outbox.hpp"

namespace jobpool::broker {

class Session;

class SessionCall final : public Call {
 public:
  // `session` must outlive this or detach it. Of a oneway call every answer is dropped.
  SessionCall(Session& session, std::size_t request_bytes) : session_(&session), request_bytes_(request_bytes) {}

  void reply(std::string_view parameters_json, std::vector<UniqueFd> fds = {}, std::function<void()> handed_over = {}) override;
  void reply_written(Write write, std::function<void()> handed_over = {}) override;
  bool reply_more(std::string_view parameters_json, std::function<void()> handed_over = {}) override;
  void reply_unhurried(std::string_view parameters_json) override;
  void error(std::string_view name, std::string_view parameters_json) override;
  void when_room(std::function<void()> go_on) override;
  bool take_room() override;

  bool is_answered() const { return answered_; }
  std::size_t request_bytes() const { return request_bytes_; }
  // Of those that came with it, which its handler keeps with it; as they were counted last.
  std::size_t count_fds() { return counted_fds_ = fds.size(); }
  std::size_t counted_fds() const { return counted_fds_; }

 private:
  friend class CallQueue;
  friend class Session;

  bool may_answer();
  // Somebody is there to read it.
  bool is_heard() const { return session_ != nullptr && !envelope.oneway; }
  void answer(function_ref<void(Outbox& outbox)> put, const std::function<void()>& handed_over);
  void finish();

  Session* session_;  // null: answered, or its connection is closed
  std::size_t request_bytes_;
  std::size_t counted_fds_ = 0;
  std::size_t place_ = 0;  // of a oneway call, among those of its session
  bool answered_ = false;
  bool has_room_ = false;              // its answer is being made
  std::function<void()> go_on_;        // when there is room for its answer; empty: it does not wait for that
  bool paused_ = false;                // reply_more() said so: on_drained is owed
  std::unique_ptr<Outbox> held_;       // answers that wait for those of earlier calls
  std::size_t held_bytes_ = 0;         // as the session counted them
  std::size_t held_fds_ = 0;           // likewise
  std::shared_ptr<SessionCall> next_;  // in call order
};

// The unfinished calls of a session in call order: a list through the calls themselves, since an idle session must cost nothing.
class CallQueue {
 public:
  CallQueue() = default;
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;
  ~CallQueue() {
    while (front_) pop();
  }  // one by one: a long chain would recurse deeply

  bool empty() const { return front_ == nullptr; }
  SessionCall* front() const { return front_.get(); }
  void push(std::shared_ptr<SessionCall> call);
  std::shared_ptr<SessionCall> pop();  // Requires: not empty
  // Those waiting for on_drained, no longer marked.
  std::vector<std::shared_ptr<SessionCall>> take_paused();
  // The first that waits for room; null: none does.
  std::shared_ptr<SessionCall> first_waiting() const;

 private:
  std::shared_ptr<SessionCall> front_;
  SessionCall* back_ = nullptr;
};

}  // namespace jobpool::broker
