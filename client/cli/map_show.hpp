// A map from its first end to its last, or to where it is to end before that: ends count as they come, and are shown in the order wanted.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "client/cli/map_report.hpp"
#include "client/cli/map_work.hpp"
#include "client/cli/progress_bar.hpp"
#include "client/lib/parallel_run.hpp"

namespace jobpool::cli {

using MapRun = client::ParallelRun<MapTask, MapTaskEnd>;

class MapShow {
 public:
  // `order`: that of `run`; in a window: they are shown in the tasks' order. All must outlive this. `total`: items, where that is known.
  MapShow(MapRun& run, MapReport& report, ProgressBar& bar, client::Order order, std::optional<std::size_t> total)
      : run_(run), report_(report), bar_(bar), order_(order), total_(total) {}

  // The exit code. Ends the process where it would have to wait for something else: for what is to be cancelled, or for who writes our
  // stdin. What has ended by then is shown, and is in the job log, whatever stands before it.
  int to_the_end();

 private:
  [[noreturn]] void leave(int code) const;
  [[noreturn]] void end_interrupted();
  [[noreturn]] void give_up(const Error& why);
  // What has ended already, and what waited for its turn.
  void show_rest();
  void keep_ended(MapRun::Done done);
  void show(MapRun::Done done);
  void show_now(MapRun::Done& done);

  MapRun& run_;
  MapReport& report_;
  ProgressBar& bar_;
  const client::Order order_;
  const std::optional<std::size_t> total_;
  std::size_t turn_ = 0;                       // whose end is shown next
  std::map<std::size_t, MapRun::Done> early_;  // have ended before their turn
};

}  // namespace jobpool::cli
