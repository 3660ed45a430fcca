// The queues' heart: a pure state machine. Events in, effects out; no clock, file, socket, thread or log. Beside the job core, not in it.
// Run by the broker's QueueKeeper in its one thread, and by tests with a hand-turned clock.
//
//   Put:  PutItems → (waits for room →) SaveQueue(ItemsPut) → PutStored: in the queue → answered
//   Get:  GetItems → (waits for an item →) SaveQueue(ItemsTaken) → answered → AnswerHandedOver: SaveQueue(ItemsGone)
//                                                                          → CallerGone: SaveQueue(ItemsReturned), in front again
// An item is given to nobody before it is stored, and is with one consumer at a time.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/broker/queues/queue_effect.hpp"
#include "daemon/broker/queues/queue_event.hpp"
#include "daemon/broker/queues/queue_state.hpp"

namespace jobpool::broker {

inline constexpr std::uint64_t kItemOverheadBytes = 64;  // what an item costs beside its text

struct QueueLimits {
  std::size_t queues = 4'096;                              // so that List is one message
  std::uint64_t bytes_of_one = std::uint64_t{256} << 20;   // so that one forgotten queue leaves room for the others
  std::uint64_t bytes = std::uint64_t{1} << 30;            // of the broker's memory, for all of them
  std::size_t waiters = 10'000;                            // of each kind at one queue
  std::uint64_t bytes_waiting = std::uint64_t{256} << 20;  // of all puts that wait for room
  std::uint64_t bytes_of_get = std::uint64_t{4} << 20;     // of several items in one reply; far below what a message may have
  std::chrono::seconds claim_time{10};                     // for a caller to come back with its key; libraries try for less
};

class QueueCore {
 public:
  explicit QueueCore(QueueLimits limits) : limits_(limits) {}

  // Appends the effects of `event`. Effects are to be carried out in order.
  void handle(QueueEvent&& event, const Now& now, QueueEffects& out);

  // When QueueTick is due, if nothing else happens; nullopt: nothing is waited for.
  std::optional<TimePoint> next_deadline() const;

  const QueueState* find(std::string_view name) const;
  // By name.
  const std::map<SharedText, QueueId>& names() const { return names_; }
  bool is_full(const QueueState& queue) const { return room_for(queue, 0) == 0; }

  // What a call waits for now.
  enum class WaitsFor : std::uint8_t { nothing, room, item, tasks };
  WaitsFor waits_for(Token token) const;

  // Of all queues' items, with those that are being stored and those that are on their way to a consumer.
  std::uint64_t bytes_in_memory() const { return bytes_; }
  // Everything that is kept of the queues that are not durable, for a log that is written anew.
  std::vector<StoredQueue> kept_in_memory() const;
  // Calls that have items which nobody has for sure.
  std::vector<Token> calls_with_items() const;
  const QueueLimits& limits() const { return limits_; }

 private:
  struct Call {
    enum class Kind : std::uint8_t { put, get, join, done } kind = Kind::put;
    QueueId queue;
    SharedText key;
    std::vector<SharedText> items;  // put: all of them
    std::size_t next = 0;           // put: the first that is not saved
    std::size_t stored = 0;         // put: how many are in the queue
    std::uint64_t waiting = 0;      // put: its part of waiting_bytes_
    std::size_t count = 1;          // get: at most
    std::vector<QueueItem> taken;   // get: those it has
    bool is_last_try = false;       // put: does not wait for room, but for a commit before it that holds up the line
    bool is_over = false;           // put: its time is up, and what it has saved is still on its way
    bool is_answered = false;
    std::optional<TimePoint> deadline;
  };
  // Items between SaveQueue and PutStored.
  struct Storing {
    QueueId queue;
    Token token;
    SharedText key;
    std::vector<QueueItem> items;
    std::uint64_t bytes = 0;
  };

  void on(CreateQueue& event, const Now& now, QueueEffects& out);
  void on(PutItems& event, const Now& now, QueueEffects& out);
  void on(GetItems& event, const Now& now, QueueEffects& out);
  void on(TasksDone& event, const Now& now, QueueEffects& out);
  void on(JoinQueue& event, const Now& now, QueueEffects& out);
  void on(DeleteQueue& event, const Now& now, QueueEffects& out);
  void on(AnswerHandedOver& event, const Now& now, QueueEffects& out);
  void on(CallerGone& event, const Now& now, QueueEffects& out);
  void on(PutStored& event, const Now& now, QueueEffects& out);
  void on(PutRefused& event, const Now& now, QueueEffects& out);
  void on(InheritQueue& event, const Now& now, QueueEffects& out);
  void on(QueueTick& event, const Now& now, QueueEffects& out);
  void on(GiveNoMore& event, const Now& now, QueueEffects& out);

  // queue_core.cpp
  QueueState* known(std::string_view name);
  QueueState* known(QueueId queue);
  Call* call(Token token);
  void drop(QueueState& queue, QueueEffects& out);
  void tell_waiters_of_end(QueueState& queue, QueueEffects& out);
  void wait_until(Token token, Call& call, const std::optional<TimePoint>& deadline);
  void wait_no_longer(Token token, Call& call);
  void on_time_over(Token token, const Now& now, QueueEffects& out);
  void end_put(Token token, Call& put, QueueEffects& out);
  void end_last_tries(const QueueState& queue, QueueEffects& out);

  // queue_serving.cpp: who gets what, in order
  std::uint64_t room_for(const QueueState& queue, std::uint64_t bytes) const;
  bool lacks_common_room(std::uint64_t bytes) const { return bytes_ + bytes >= limits_.bytes; }
  void serve_putters(QueueState& queue, QueueEffects& out);
  bool may_wait_with_its_items(Call& put);
  void save_items(QueueState& queue, Token token, Call& call, std::size_t count, QueueEffects& out);
  void serve_getters(QueueState& queue, QueueEffects& out);
  void answer_empty(QueueState& queue, Token token, Call& get, QueueEffects& out);
  void serve_starved(QueueEffects& out);
  void take_items(QueueState& queue, Call& call, QueueEffects& out);
  void return_items(QueueState& queue, std::vector<QueueItem> items, QueueEffects& out);
  static void add_items(QueueState& queue, std::vector<QueueItem> items);
  static void insert_item(QueueState& queue, QueueItem item);
  void hold(const std::vector<QueueItem>& items);
  void let_go(const std::vector<QueueItem>& items);
  Token caller_of(const QueueState& queue, const Storing& storing) const;
  std::size_t items_being_stored(QueueId queue, const SharedText& key) const;
  void finish_put(Token token, Call& call, QueueEffects& out);
  void end_of_tasks(QueueState& queue, QueueEffects& out);

  // queue_calls.cpp: calls, their keys and their answers
  enum class Claim : std::uint8_t { fresh, resumed, conflict, too_many };
  Claim claim(QueueState& queue, const SharedText& key, UnconfirmedCall::Kind kind, Token token);
  Claim claim_place(QueueState& queue, const std::deque<Token>& line, const SharedText& key, UnconfirmedCall::Kind kind, Token token);
  void confirm(QueueState& queue, const SharedText& key, QueueEffects& out);
  void leave_unconfirmed(QueueState& queue, const SharedText& key, const Now& now);
  void forget_unclaimed(const Now& now, QueueEffects& out);
  void answer(Token token, Call& call, AnswerQueueCall what, QueueEffects& out);
  void forget_answered(QueueState& queue, const Call& over, QueueEffects& out);
  void refuse(Token token, QueueVerdict why, QueueEffects& out, std::uint64_t number = 0);
  void refuse(Token token, Claim why, QueueEffects& out);

  QueueLimits limits_;
  std::map<QueueId, QueueState> queues_;
  std::map<SharedText, QueueId> names_;
  std::unordered_map<Token, Call> calls_;
  std::unordered_map<PutNumber, Storing> storing_;
  std::set<std::pair<TimePoint, Token>> deadlines_;
  std::set<std::pair<TimePoint, std::pair<QueueId, SharedText>>> unclaimed_;  // keys of callers that are gone: forgotten then
  std::set<QueueId> starved_;                                                 // whose first putter waits for the common room
  std::uint64_t bytes_ = 0;                                                   // of all queues, with what is reserved
  std::uint64_t waiting_bytes_ = 0;                                           // of the puts that wait: no queue's yet
  std::uint64_t last_queue_ = 0, last_put_ = 0;
  bool gives_ = true;
};

}  // namespace jobpool::broker
