// What outlives a broker (a ledger, workers' segments, an output folder) and brokers that come and go over it, in this one process:
// a real engine, real verbs, real memfds, the worker's end of the queue in the test's hands, and calls that remember their answers.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/broker/recovery.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/store/memory_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"
#include "tests/support/pretended_worker.hpp"

namespace jobpool::broker {

class FakeCall final : public Call {
 public:
  FakeCall(std::string method, std::string parameters, bool more) : sent(std::move(parameters)) {
    envelope.method = std::move(method);
    envelope.parameters = checked(sent);
    envelope.more = more;
    peer = {1000, 1000, 1};
  }
  void reply_written(Write write, std::function<void()> handed_over) override {
    std::string parameters;
    write(parameters, proto::kSendNothing);
    reply(parameters, {}, std::move(handed_over));
  }
  void reply(std::string_view parameters_json, std::vector<UniqueFd> sent, std::function<void()> handed_over) override {
    answer_with(std::string{parameters_json}, {});
    sent_fds = std::move(sent);
    if (keep_unsent) unsent = std::move(handed_over);
  }
  bool reply_more(std::string_view parameters_json, std::function<void()> handed_over) override {
    continued.emplace_back(parameters_json);
    if (keep_unsent) unsent_parts.push_back(std::move(handed_over));
    return !slow;
  }
  void error(std::string_view name, std::string_view parameters_json) override {
    answer_with(std::string{parameters_json}, std::string{name});
  }
  void when_room(std::function<void()> go_on) override {
    if (has_room) return go_on();
    at_room = std::move(go_on);
  }
  bool take_room() override { return has_room; }
  void hang_up() {
    if (const auto tell = std::exchange(on_hangup, nullptr)) tell();
  }
  // Of one that has a single object in it, that object.
  nlohmann::json answer() const {
    const auto all = nlohmann::json::parse(parameters.empty() ? "{}" : parameters);
    return all.size() == 1 && all.front().is_object() ? all.front() : all;
  }

  const std::string sent;  // its parameters
  int answers = 0;
  std::string parameters, error_name;
  std::vector<std::string> continued;
  std::vector<UniqueFd> sent_fds;
  bool slow = false, keep_unsent = false, has_room = true;
  std::function<void()> unsent, at_room;
  std::vector<std::function<void()>> unsent_parts;  // of `continued`

 private:
  // As the server's calls do: nothing is told or kept after the answer.
  void answer_with(std::string text, std::string name) {
    ++answers;
    parameters = std::move(text);
    error_name = std::move(name);
    const auto hangup = std::exchange(on_hangup, nullptr);
    const auto drained = std::exchange(on_drained, nullptr);
  }
};
using FakeCallPtr = std::shared_ptr<FakeCall>;

class FakeBroker final : public EngineListener {
 public:
  FakeBroker(int ledger_fd, MemoryStore& store, const std::string& folder, CoreLimits limits = {}, JobId next_id = JobId{1},
             std::uint64_t instance = 1, const LedgerSize& ledger_size = {}, int end_of_passed_fds = std::numeric_limits<int>::max())
      : outputs_(UniqueFd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}),
        engine(open(ledger_fd, ledger_size), store, instance, limits, next_id, *this, [this](Now& read) { read = now(); }),
        verbs(engine, outputs_,
              {.instance = "i",
               .connections = [] { return std::size_t{1}; },
               .reload = [](std::int64_t) {},
               .shut_down =
                   [this](bool now) {
                     if (on_shut_down) on_shut_down(now);
                   },
               .end_of_passed_fds = end_of_passed_fds}) {}

  FakeCallPtr call(const std::string& method, const std::string& parameters, bool more = false) {
    auto made = std::make_shared<FakeCall>("org.jobpool." + method, parameters, more);
    verbs.handle(made);
    return made;
  }
  FakeCallPtr apply(const std::string& key, const std::string& more = "") { return call("Pool.Apply", submission(key, more)); }
  static std::string submission(const std::string& key, const std::string& more = "") {
    return R"({"job":{"durable":false,"function":"square","arguments":"[7]","key":")" + key + "\"" + more + "}}";
  }

  void on_accepted(const Accepted& accepted) override { verbs.on_accepted(accepted); }
  void on_refused(const Refused& refused) override { verbs.on_refused(refused); }
  void on_started(const Job& job) override { verbs.on_started(job); }
  void on_ended(const Job& job) override { verbs.on_ended(job); }
  bool is_awaited(JobId job) const override { return verbs.is_awaited(job); }
  void on_forgotten(const Forgotten& event) override {
    ++forgotten;
    verbs.on_forgotten(event.job);
  }
  void on_drained() override { ++drained; }
  void on_kill_worker(Incarnation worker) override { killed.push_back(worker); }
  void on_signal_worker(Incarnation worker, int signal) override { signalled.emplace_back(worker, signal); }
  void on_start_worker(WorkerNumber number, PoolNumber pool) override { asked_for.push_back({number, pool}); }
  void on_pool_left(PoolNumber pool) override { verbs.on_pool_left(pool); }
  void on_pool_removed(PoolNumber pool) override { verbs.on_pool_removed(pool); }
  std::function<void()> announcement(const Job& job, JobState to) override { return verbs.announcement(job, to); }
  std::function<void()> announcement(const CorePool& pool) override { return verbs.announcement(pool); }
  void on_store_failed(const Error& error) override { FAIL(error.text); }

  // Its clocks are the machine's, and so much ahead.
  Microseconds ahead{0};
  Now now() const {
    const Now read = now_by(read_clocks);
    return {read.steady + ahead, read.wall_usec + ahead.count()};
  }

  int forgotten = 0, drained = 0;
  std::vector<Incarnation> killed;
  std::vector<std::pair<Incarnation, int>> signalled;
  std::vector<StartWorker> asked_for;
  std::function<void(bool now)> on_shut_down;

  static Ledger open(int fd, const LedgerSize& size = {}) {
    auto ledger = Ledger::open(fd, size);
    REQUIRE(ledger);
    return std::move(*ledger);
  }

 private:
  Outputs outputs_;

 public:
  Engine engine;
  Verbs verbs;
};

// Remembers how urgent the batches were.
struct RememberingStore : MemoryStore {
  CommitNumber commit(StoreBatch batch, Urgency urgency = Urgency::now) override {
    urgencies.push_back(urgency);
    return MemoryStore::commit(std::move(batch), urgency);
  }
  std::vector<Urgency> urgencies;
};

// What the supervisor keeps.
struct House {
  UniqueFd ledger{::memfd_create("ledger", MFD_CLOEXEC)};
  RememberingStore store;
  std::string folder;  // of output files
  CoreLimits limits;
  const LedgerSize ledger_size;
  std::uint64_t instance = 1;                               // of the daemon
  int end_of_passed_fds = std::numeric_limits<int>::max();  // of the next broker
  std::vector<std::unique_ptr<PretendedWorker>> workers;
  std::unique_ptr<FakeBroker> broker;

  explicit House(int count = 1, CoreLimits with = {}, std::string outputs = "/", const LedgerSize& size = {})
      : folder(std::move(outputs)), limits(with), ledger_size(size) {
    broker = std::make_unique<FakeBroker>(ledger.get(), store, folder, limits, JobId{1}, instance, ledger_size);
    for (int i = 0; i < count; ++i) hire();
  }
  void hire(PoolNumber pool = {}) {
    workers.push_back(std::make_unique<PretendedWorker>(workers.size() + 1));
    workers.back()->pool = pool;
    REQUIRE(broker->engine.add_worker(workers.back()->seed(shm::OfferSide::Origin::fresh)));
    workers.back()->start();
  }
  // The broker is gone without a word; the next takes over what is there.
  void next_broker() {
    broker.reset();
    store.crash();
    const JobId next_id = first_id(FakeBroker::open(ledger.get(), ledger_size), JobId{1});
    broker = std::make_unique<FakeBroker>(ledger.get(), store, folder, limits, next_id, instance, ledger_size, end_of_passed_fds);
    auto pools = store.load_pools();
    auto stored = store.load();
    REQUIRE(stored);
    Recovery recovery(broker->engine, std::move(*stored), std::move(*pools));
    for (const auto& worker : workers)
      if (!recovery.take_over(worker->seed(shm::OfferSide::Origin::inherited))) broker->on_kill_worker(worker->incarnation);
    recovery.finish();
    turn();
  }
  // The host goes down and comes up again: the store alone is left.
  void next_host() {
    broker.reset();
    workers.clear();
    ledger = UniqueFd{::memfd_create("ledger", MFD_CLOEXEC)};
    ++instance;
    next_broker();
    hire();
  }
  // The store commits what it has been handed, and that is told.
  void commit() {
    store.step();
    broker->engine.journal().collect();
  }
  void turn() {
    broker->engine.end_turn();
    broker->verbs.end_turn();
  }
  PretendedWorker& worker(std::size_t i = 0) { return *workers.at(i); }
  std::size_t claims() const {
    std::size_t all = 0;
    for (const auto& worker : workers) all += worker->claimed.size();
    return all;
  }
  // Whatever is still offered runs to its end.
  void run_all() {
    for (int i = 0; i < 4; ++i) {
      turn();
      for (const auto& worker : workers)
        while (auto claim = worker->claim()) worker->run(*claim);
    }
    turn();
  }
};

inline const Job& job(House& house, std::uint64_t id = 1) {
  const Job* job = house.broker->engine.core().find(JobId{id});
  REQUIRE(job != nullptr);
  return *job;
}

}  // namespace jobpool::broker
