// What gives way when the ledger has no room: nothing that was accepted may be kept from running by results that nobody collects.
// See engine.hpp.
#include <algorithm>
#include <chrono>

#include "common/log.hpp"
#include "daemon/broker/engine.hpp"

namespace jobpool::broker {
namespace {

// A search looks at all that is kept, some ten milliseconds for half a million jobs: one that found nothing is not repeated at once.
constexpr std::chrono::seconds kFruitless{1};

}  // namespace

// Ephemeral results go, the oldest first; their jobs stay and say so. Where there are too many jobs, or these are all that is left, the
// oldest are forgotten, as retention does with more than it may keep. So much at a time that it need not be done again soon. False: there
// is nothing of the kind. (Then the ledger is full of what runs, of durable ends that wait for a full disk, or of answers that their
// callers do not read.) Jobs are forgotten at the end of what is being carried out: true does not mean that there is room already.
bool Engine::make_room() {
  if (latest_.steady < next_search_for_room_) return false;
  const std::vector<JobId> kept = ledger_.may_give_way();
  std::size_t let_go = 0, forgotten = 0;
  for (auto id = kept.begin(); id != kept.end() && ledger_.is_short_of_heap(); ++id) {
    if (!ledger_.let_go_result(*id)) continue;
    tell(ResultLetGo{*id});
    ++let_go;
  }
  if (ledger_.is_short_of_entries() || (let_go == 0 && ledger_.is_short_of_heap())) {
    forgotten = std::min<std::size_t>(kept.size(), ledger_.capacity().entries / 16);
    for (std::size_t i = 0; i < forgotten; ++i) tell(Remove{kept[i]});
  }
  if (let_go + forgotten > 0) {
    log::warn("the ledger is full: {} results that nobody had collected were let go, {} jobs forgotten", let_go, forgotten);
    return room_was_made_ = true;
  }
  next_search_for_room_ = latest_.steady + kFruitless;
  log::warn("the ledger is full, and nothing in it can give way: jobs stay ready, and results are lost, until some of it is collected");
  return false;
}

}  // namespace jobpool::broker
