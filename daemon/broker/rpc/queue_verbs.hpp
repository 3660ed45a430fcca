// The verbs of org.jobpool.Queue: each is one method here and one file beside (queue_put and so on), which reads the call and tells the
// keeper of the queues what is asked; the answer comes from there, now or later.
// Broker process, its one thread. Knows no socket and no disk.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/broker/queue_keeper.hpp"
#include "daemon/broker/rpc/blocked_times.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::broker {

class QueueVerbs final : public CallHandler {
 public:
  // `queues` must outlive this.
  explicit QueueVerbs(QueueKeeper& queues);

  void handle(std::shared_ptr<Call> call) override;

  // What a job waits for here, in words behind "waiting for"; empty: nothing. As its calls say: `job` is believed, it is for display only.
  std::string what_blocks(JobId job) const;
  // The jobs that wait here, ascending.
  std::vector<JobId> blocked_jobs() const;
  // Since when, by the wall clock; 0: it does not wait.
  std::int64_t blocked_since(JobId job) const { return times_.since(job); }
  // Told when a job begins to wait here (nullopt), and how long it has waited when that is over.
  using OnBlocked = std::function<void(JobId, std::optional<Microseconds>)>;
  void set_blocked_listener(OnBlocked on_blocked) { on_blocked_ = std::move(on_blocked); }

 private:
  using CallPtr = std::shared_ptr<Call>;
  using Method = void (QueueVerbs::*)(const CallPtr&);

  void create(const CallPtr& call);
  void put(const CallPtr& call);
  void get(const CallPtr& call);
  void full(const CallPtr& call);
  void empty(const CallPtr& call);
  void size(const CallPtr& call);
  void done(const CallPtr& call);
  void join(const CallPtr& call);
  void remove(const CallPtr& call);
  void list(const CallPtr& call);
  void show(const CallPtr& call);

  static const std::unordered_map<std::string_view, Method>& methods();

  // The parameters of a call that has its answer when nothing failed.
  using WriteAnswer = std::string (*)(const AnswerQueueCall&);
  struct Pending {
    CallPtr call;
    std::string name, key;
    WriteAnswer write_answer;
    std::optional<JobId> job;
    bool is_blocked = false;  // it was seen to wait
  };

  // Tells `event`, whose token this sets, and answers the call when the answer comes.
  template <class Event>
  void ask(const CallPtr& call, Event event, WriteAnswer write_answer, std::optional<JobId> job = {}) {
    Pending pending{call, std::string{event.name}, {}, write_answer, job};
    if constexpr (requires { event.key; }) pending.key = event.key;
    const Token token = begin(std::move(pending));
    event.token = token;
    queues_.tell(std::move(event));
    go_on(token);
  }
  Token begin(Pending pending);
  void go_on(Token token);
  void on_answer(const AnswerQueueCall& answer);
  std::optional<Pending> take(Token token);
  void note_wait(Token token, Pending& pending);
  std::string waits_for(Token token) const;

  std::optional<TimePoint> deadline_of(const std::optional<Microseconds>& timeout) const;
  // The queue that the call names; null: it was answered.
  const QueueState* queue_or_error(Call& call);

  QueueKeeper& queues_;
  std::unordered_map<Token, Pending> pending_;
  std::multimap<JobId, Token> by_job_;  // of pending_, those that name one
  BlockedTimes times_;
  OnBlocked on_blocked_;
  std::uint64_t last_token_ = 0;
};

}  // namespace jobpool::broker
