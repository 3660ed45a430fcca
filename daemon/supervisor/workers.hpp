// The table of worker processes: starts them when the broker asks, watches, buries and remembers them until the broker forgets.
// jobpoold's main thread. It creates their shared memory and hands it out; it never looks into it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/control/message.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/shm/segment.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/backoff.hpp"
#include "daemon/supervisor/cgroup.hpp"
#include "daemon/supervisor/loop.hpp"
#include "daemon/supervisor/orphans.hpp"
#include "daemon/supervisor/resume_record.hpp"
#include "daemon/supervisor/spare_workers.hpp"
#include "daemon/supervisor/spawner.hpp"
#include "daemon/supervisor/worker_start.hpp"

namespace jobpool::supervisor {

class Workers {
 public:
  struct Plan {
    WorkerStart::Launch launch;
    Cgroup* cgroup = nullptr;  // must outlive; null: their jobs have none
    std::size_t spares = 0;    // how many are started ahead
  };
  // Says something to the broker, if there is one.
  using Tell = std::function<void(const control::Message& message, std::span<const int> fds)>;

  // `loop` and `spawner` must outlive it. `is_other_child`: a pid that we spawned and that is no worker (the broker).
  // `on_progress` is called when workers and their trees may be gone. Requires: as Orphans.
  Workers(Loop& loop, Spawner& spawner, Plan plan, Tell tell, std::function<bool(pid_t)> is_other_child, std::function<void()> on_progress);

  // Exactly one of them, before anything else: there are none yet, or these, of the predecessor. What it had started is of an older
  // program, and the broker is told so. Errors: io.
  void begin() { orphans_.spare_existing(); }
  Result<void> take_over(const WorkersRecord& record);
  WorkersRecord remember() const;

  // The broker's wishes. They are checked: what makes no sense is logged and ignored.
  // `threads`: how many jobs it runs side by side; it and every broker find that in its shared memory.
  // `note` is the broker's own: kept with the worker, and told with it.
  void start(WorkerNumber number, std::int32_t threads, std::int64_t note);
  void send(Incarnation incarnation, int signal);
  void forget(Incarnation incarnation);

  // Tells a new broker of all that are not forgotten, dead or alive, in ascending order.
  void introduce_all();
  // The broker that asked for the starts that still wait is dead; the next one will ask for what it needs.
  void drop_waiting_starts();

  // Each worker is of an older program from now on, as after a reload, and the broker is told so: it leaves when it has done what it has.
  // Others are started only after release_starts(). The same for a broker that has come since.
  void retire_all();
  // No other is started before release_starts(); what is there stays as it is.
  void hold_starts() { holding_ = true; }
  void release_starts();
  // There is none any more, neither alive nor remembered.
  bool have_all_left() const { return workers_.empty(); }

  // No worker is started from now on. Those that run a command see the hang-up, kill its tree and leave; the others are killed.
  // Requires: there is no broker any more that could record what they still do.
  void ask_all_to_leave();
  void kill_all();

  // On SIGCHLD: goes on with killing what dead workers left behind.
  void sweep();
  // Nothing runs any more, neither workers nor spare ones nor what they left behind.
  bool is_empty() const;

 private:
  using State = WorkerRecord::State;  // dying: dead, but not reaped: its tree is being killed
  enum class Program { current, older };
  struct Worker {
    WorkerNumber number;
    State state = State::alive;
    pid_t pid = 0;
    UniqueFd process;
    UniqueFd liveness;  // our end; closed: "leave"
    UniqueFd orders;    // the broker's end
    shm::SegmentFds segment;
    Loop::Watch watch{};
    std::int32_t code = 0;
    std::int32_t value = 0;
    Program program = Program::current;
    std::int64_t note = 0;  // the broker's
    TimePoint died{};       // or was found dead
  };
  // What outlives an incarnation.
  struct Place {
    // Shorter lives count as "it cannot even start"; a worker is ready in a few milliseconds.
    Backoff backoff{std::chrono::milliseconds{200}};
    Loop::Timer waiting_start{};
    std::int64_t note = 0;      // of the worker that is, or is to be, there
    std::uint32_t threads = 1;  // likewise
    bool occupied = false;
    bool held = false;  // to be started by release_starts()
  };

  void start_now(WorkerNumber number);
  Result<void> make(WorkerNumber number, Incarnation incarnation);
  Result<NewWorker> give_or_start(std::uint32_t threads, const std::vector<std::string>& place);
  std::vector<std::string> words_of(WorkerNumber number, Incarnation incarnation);
  Result<void> take_over(const WorkerRecord& record);
  Result<void> watch(Incarnation incarnation, Worker& worker);
  void wait_and_start(WorkerNumber number, Place& place);
  void introduce(Incarnation incarnation, const Worker& worker, control::Origin origin);
  void tell_death(Incarnation incarnation, const Worker& worker);
  void on_exit(Incarnation incarnation);
  void bury(Incarnation incarnation, Worker& worker);
  void bury_dying();
  void expect_burial();
  void bury_overdue();
  void send_signal(const Worker& worker, int signal) const;

  Loop& loop_;
  Cgroup* const cgroup_;
  const Tell tell_;
  const std::function<void()> on_progress_;

  Incarnation last_{};
  std::map<Incarnation, Worker> workers_;
  std::map<WorkerNumber, Place> places_;
  std::unordered_set<pid_t> pids_;  // alive or dying
  std::vector<Incarnation> dying_;  // in the order of their deaths
  Loop::Timer burial_deadline_{};
  WorkerStart starting_;
  SpareWorkers spares_;
  bool leaving_ = false;
  bool holding_ = false;  // starts wait for release_starts()
  Orphans orphans_;
  Orphans::State orphans_state_ = Orphans::State::none;
};

}  // namespace jobpool::supervisor
