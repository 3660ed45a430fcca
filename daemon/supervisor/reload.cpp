// Changing over to the programs that are installed now, in steps, each of which can fail and leave everything as it was:
// a trial run of the new jobpoold; where that asks for it, the end of all workers; the broker's end; execve, with the workers and all
// memory kept; a new broker, which asks each older worker to leave when it has nothing to do.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "daemon/supervisor/activation.hpp"
#include "daemon/supervisor/reexec.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace jobpool::supervisor {
namespace {

// CLOCK_MONOTONIC, as systemd compares it.
std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000);
}

std::string installed_program(const House& house) {
  std::string beside = house.settings.program_dir + "/jobpoold";
  if (::access(beside.c_str(), F_OK) == 0) return beside;
  log::warn("{} is not there; reloading {}", beside, house.invocation.program);
  return house.invocation.program;
}

}  // namespace

ResumeRecord Supervisor::remember() const {
  ResumeRecord record = supervisor::remember(house_);
  record.history = history_;
  record.workers = workers_.remember();
  return record;
}

// One trial at a time. Who asks meanwhile may have put something else in place for it: should this one fail, there is another one for them.
// If it succeeds they are served as well, since programs and configuration are read anew behind it.
void Supervisor::reload(ReloadNumber number) {
  if (phase_ != Phase::serving) {
    log::warn("stopping: no reload any more");
    return tell_reload_refused(number);
  }
  if (reload_ == Reload::ending_broker) return;  // who asked sees its end
  if (reload_ == Reload::trying) {
    log::info("asked to reload while trying to; should that fail, it is tried once more");
    next_reload_ = std::max(next_reload_.value_or(0), number);
    return;
  }
  reload_number_ = reload_ == Reload::waiting_for_workers ? std::max(reload_number_, number) : number;
  new_program_ = installed_program(house_);
  log::info("reloading: trying {}", new_program_);
  const ResumeRecord record = remember();
  tried_with_workers_ = !record.workers.workers.empty();
  // Where the program sees none it does not say whether it could take one over: none shall come before it does.
  if (!tried_with_workers_) workers_.hold_starts();
  auto file = write_resume_file(record);
  if (!file) return give_up_reload(file.error());
  auto started = trial_.start(new_program_, house_.arguments, file->get());
  if (!started) return give_up_reload(started.error());
  reload_ = Reload::trying;
  notify("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec() + "\nSTATUS=reloading");
}

void Supervisor::on_trial_end(const Result<TrialRun::Verdict>& trial) {
  reload_ = Reload::none;
  const auto next = std::exchange(next_reload_, std::nullopt);
  if (phase_ != Phase::serving) return tell_reload_refused(std::max(reload_number_, next.value_or(0)));
  if (!trial) {
    give_up_reload(trial.error());
    if (next) reload(*next);
    return;
  }
  if (next) reload_number_ = std::max(reload_number_, *next);
  if (*trial == TrialRun::Verdict::waits_for_workers) return wait_for_workers();
  // SIGKILL is the simplest right way: it is what a broker must survive anyway.
  reload_ = Reload::ending_broker;
  if (broker_.is_alive()) return broker_.kill();
  loop_.cancel(std::exchange(waiting_restart_, Loop::Timer::none));
  change_over();
}

// The segments are of a layout that the new program does not know. So every worker does what it has and leaves; what is queued waits for
// the new program's. A trial tells again when the last is gone: it may be for another program by then. However long that takes: nobody set
// a bound to these jobs, and a stop ends them sooner.
void Supervisor::wait_for_workers() {
  if (!tried_with_workers_)
    return give_up_reload(Error{Errc::unsupported, new_program_ + " waits for workers to leave, and there are none; install another one"});
  if (workers_.have_all_left()) return reload(reload_number_);  // since that program looked
  reload_ = Reload::waiting_for_workers;
  log::info(
      "reload: {} has another layout of shared memory: it takes over when every worker has done what it has, and nothing else starts "
      "before",
      new_program_);
  notify("READY=1\nSTATUS=serving on " + house_.listener.path() + "; a reload waits for running jobs");
  workers_.retire_all();
}

void Supervisor::on_worker_forgotten() {
  if (phase_ == Phase::serving && reload_ == Reload::waiting_for_workers && workers_.have_all_left()) reload(reload_number_);
}

// Returns only if it failed.
void Supervisor::change_over() {
  reload_ = Reload::none;
  const ResumeRecord record = remember();
  auto file = write_resume_file(record);
  give_up_reload(file ? become(new_program_, house_.arguments, record, *file) : file.error());
  ++history_.failed_reloads;  // the next broker says so to those who have lost the one that ended
  restart_broker();
}

void Supervisor::give_up_reload(const Error& why) {
  reload_ = Reload::none;
  log::error("reload: {}; going on as before", why.text);
  notify("READY=1\nSTATUS=serving on " + house_.listener.path() + "; the last reload failed");
  tell_reload_refused(reload_number_);
  workers_.release_starts();
}

// For those who wait for it there.
void Supervisor::tell_reload_refused(ReloadNumber number) {
  if (!broker_.is_alive()) return;
  control::Message refused;
  refused.kind = control::Kind::reload_refused;
  refused.usec = number;
  broker_.tell(refused);
}

// The broker that counted is dead, and the next one begins anew. What was asked for still holds.
void Supervisor::forget_reload_numbers() {
  reload_number_ = 0;
  if (next_reload_) next_reload_ = 0;
}

}  // namespace jobpool::supervisor
