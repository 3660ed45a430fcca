// Maps in chunks of one item under the chaos test, each an ApplyAll on a connection of its own, brought as the library does it: when the
// broker has died, what was not told is asked for again, under the same keys. Some callers go away in between instead.
#pragma once

#include <list>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "tests/fault/chaos_log.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/ledger.hpp"

namespace jobpool::fault {

class MapLoad {
 public:
  // All of them must outlive it.
  MapLoad(const testing::Daemon& daemon, const testing::Ledger& ledger, Log& log, std::mt19937& random)
      : daemon_(daemon), ledger_(ledger), log_(log), random_(random) {}

  std::size_t running() const { return maps_.size(); }
  void start();
  // The caller of one of them goes away, if there is one.
  void abandon_one();
  // Notes what has been told.
  void collect();
  // Until all has been told.
  void finish();
  // The supervisor died: takes what had been said before that, and gives up what only it knew.
  void on_daemon_death();

 private:
  struct Map {
    Way way;
    std::string name;
    std::set<std::int64_t> untold;  // numbers of its chunks
    std::optional<testing::VarlinkClient> client = {};
  };
  void send(Map& map);
  // The next reply. False: the connection is closed, and gone.
  bool read_one(Map& map);
  void note(Map& map, const testing::json& told);

  const testing::Daemon& daemon_;
  const testing::Ledger& ledger_;
  Log& log_;
  std::mt19937& random_;
  std::int64_t last_ = 0;
  std::list<Map> maps_;
};

}  // namespace jobpool::fault
