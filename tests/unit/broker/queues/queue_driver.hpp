// A queue core with a hand-turned clock, and what it does said in words. Saves are stored at once unless the test holds them back, and what
// they add up to is kept, as a store would.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/broker/queues/queue_core.hpp"
#include "daemon/broker/queues/stored_queues.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::broker {

struct QueueDriver {
  explicit QueueDriver(QueueLimits limits = {}) : core(limits) {}

  QueueCore core;
  Now now{TimePoint{} + std::chrono::hours(1), 1'700'000'000'000'000};
  StoredQueues kept;                         // what a next broker would find
  std::map<Token, AnswerQueueCall> answers;  // each once
  std::vector<std::uint64_t> answered;       // the tokens, in order
  bool hold_puts = false;
  std::vector<ItemsPut> held;  // put, and neither stored nor refused
  std::uint64_t last = 0;

  void tell(QueueEvent event) {
    QueueEffects effects;
    core.handle(std::move(event), now, effects);
    for (QueueEffect& effect : effects) std::visit([this](auto& one) { carry_out(one); }, effect);
  }
  void carry_out(SaveQueue& save) {
    if (const auto* put = std::get_if<ItemsPut>(&save.write)) {
      if (hold_puts) return held.push_back(*put);
      REQUIRE(kept.apply(save.write));
      return tell(PutStored{put->number});
    }
    REQUIRE(kept.apply(save.write));
  }
  void carry_out(AnswerQueueCall& answer) {
    answered.push_back(answer.token.value);
    REQUIRE(answers.emplace(answer.token, answer).second);
  }
  // In their order, with those that follow from that: as a journal commits.
  void store_held() {
    const bool held_before = std::exchange(hold_puts, true);
    while (!held.empty()) {
      const ItemsPut put = held.front();
      held.erase(held.begin());
      REQUIRE(kept.apply(put));
      tell(PutStored{put.number});
    }
    hold_puts = held_before;
  }
  void refuse_held() {
    for (const ItemsPut& put : std::exchange(held, {})) tell(PutRefused{put.number});
  }

  Token next() { return Token{++last}; }
  Token create(const char* name, std::uint64_t maxsize = 0, bool durable = false, bool exist_ok = false) {
    const Token token = next();
    tell(CreateQueue{token, name, maxsize, durable, exist_ok});
    return token;
  }
  std::optional<TimePoint> in(std::chrono::milliseconds time) const { return now.steady + time; }
  Token put(const std::vector<std::string>& items, MayWait may_wait = MayWait::yes, std::optional<TimePoint> deadline = {},
            const char* key = "", const char* name = "q") {
    const Token token = next();
    tell(PutItems{token, name, key, {items.begin(), items.end()}, may_wait, deadline});
    return token;
  }
  Token get(std::size_t count = 1, MayWait may_wait = MayWait::yes, std::optional<TimePoint> deadline = {}, const char* key = "",
            const char* name = "q") {
    const Token token = next();
    tell(GetItems{token, name, key, count, may_wait, deadline});
    return token;
  }
  Token done(std::uint64_t count = 1, const char* key = "") {
    const Token token = next();
    tell(TasksDone{token, "q", key, count});
    return token;
  }
  Token join(std::optional<TimePoint> deadline = {}) {
    const Token token = next();
    tell(JoinQueue{token, "q", deadline});
    return token;
  }
  Token remove(const char* name = "q") {
    const Token token = next();
    tell(DeleteQueue{token, name});
    return token;
  }
  void turn_clock(std::chrono::milliseconds by) {
    now.steady += by;
    tell(QueueTick{});
  }
  void hand_over(Token token) { tell(AnswerHandedOver{token}); }
  void leave(Token token) { tell(CallerGone{token}); }
  // Takes one item and has it.
  std::string take() {
    const Token token = get(1, MayWait::no);
    hand_over(token);
    return said(token);
  }

  // "-": not answered; "a b": items; "full 2", "well", "well 3".
  std::string said(Token token) const {
    static constexpr const char* kNames[] = {
        "well",           "no such queue",   "exists",           "full",       "empty",       "timed out",
        "done too often", "too many queues", "too many waiters", "store full", "key conflict"};
    const auto found = answers.find(token);
    if (found == answers.end()) return "-";
    const AnswerQueueCall& answer = found->second;
    std::string text;
    for (const SharedText& item : answer.items) text += (text.empty() ? "" : " ") + std::string(item);
    if (!text.empty()) return text;
    text = kNames[static_cast<int>(answer.verdict)];
    return answer.number == 0 ? text : text + " " + std::to_string(answer.number);
  }
  std::string items(const char* name = "q") const {
    std::string text;
    const QueueState* queue = core.find(name);
    REQUIRE(queue != nullptr);
    for (const QueueItem& item : queue->items) text += (text.empty() ? "" : " ") + std::string(item.text);
    return text;
  }
  void give_no_more() { tell(GiveNoMore{}); }
  // The broker is gone; the next one begins with what was kept.
  void next_broker() {
    core = QueueCore(core.limits());
    answers.clear();
    held.clear();
    for (StoredQueue& queue : kept.all()) tell(InheritQueue{std::move(queue)});
  }
};

}  // namespace jobpool::broker
