// The load of the chaos test: pipelined submissions on a connection of its own, and client programs. Whom nobody answered brings his job
// again, under the same key.
#pragma once

#include <deque>
#include <list>
#include <optional>
#include <random>
#include <string>

#include "tests/fault/chaos_log.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/ledger.hpp"

namespace jobpool::fault {

class PipelinedLoad {
 public:
  // All of them must outlive it.
  PipelinedLoad(const testing::Daemon& daemon, const testing::Ledger& ledger, Log& log, std::mt19937& random)
      : daemon_(daemon), ledger_(ledger), log_(log), random_(random) {}

  void submit(unsigned count);
  // Reads answers until no more than `count` are missing.
  void read_down_to(std::size_t count);
  // The supervisor died: takes what had been said before that, and gives up what only it knew. The next read asks the next daemon.
  void on_daemon_death();

 private:
  struct Call {
    std::string name, text;
  };
  Submitted draw();
  void note(const testing::json& reply);
  void connect_and_send_again();

  const testing::Daemon& daemon_;
  const testing::Ledger& ledger_;
  Log& log_;
  std::mt19937& random_;
  std::int64_t last_ = 0;
  std::optional<testing::VarlinkClient> client_;
  std::deque<Call> unanswered_;
};

class ClientPrograms {
 public:
  ClientPrograms(const testing::Daemon& daemon, const testing::Ledger& ledger, Log& log, std::mt19937& random)
      : daemon_(daemon), ledger_(ledger), log_(log), random_(random) {}

  std::size_t running() const { return running_.size(); }
  void start();
  // SIGKILL to one that has not ended. False: there is none.
  bool kill_one();
  // Notes what those have said that have ended.
  void collect();
  // The same for all, each waited for.
  void finish();

 private:
  struct Running {
    std::string name;
    testing::Child process;
  };
  Submitted draw();
  void note(Running& client);

  const testing::Daemon& daemon_;
  const testing::Ledger& ledger_;
  Log& log_;
  std::mt19937& random_;
  std::int64_t last_ = 0;
  std::list<Running> running_;
};

}  // namespace jobpool::fault
