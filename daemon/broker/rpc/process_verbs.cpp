// What is asked of processes, and told them, by their names: Join, Alive, Show, Terminate, Kill, List.
#include <csignal>
#include <memory>
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::broker {
namespace {

constexpr int kFailedCode = 1;

// As multiprocessing's: -N died of signal N.
std::optional<int> process_exit_code(const Job& job) {
  if (!job.settled) return std::nullopt;
  if (job.signal) return -*job.signal;
  if (job.exit_code) return job.exit_code;
  if (job.outcome == Outcome::succeeded) return 0;
  return job.outcome == Outcome::cancelled ? -SIGTERM : kFailedCode;
}

}  // namespace

proto::Process Verbs::process_view(const Job& job) const {
  const proto::Job known = view_of(job, WithHistory::no);
  proto::Process view;
  view.name = known.name;
  view.id = job.id;
  view.alive = !job.settled;
  view.daemonic = job.mode == Mode::apply;
  view.pid = known.pid;
  view.exit_code = process_exit_code(job);
  view.state = known.state;
  view.outcome = known.outcome;
  view.reason = known.reason;
  view.description = known.description;
  view.started_usec = known.started_usec;
  view.ended_usec = known.ended_usec;
  if (job.state != JobState::running) return view;
  const pid_t worker = engine_.dispatcher().pid(job.worker);
  view.parent_pid = job.kind == shm::JobKind::command ? worker : ::getppid();  // a worker's parent is ours
  if (!view.pid && job.kind == shm::JobKind::function) view.pid = worker;
  return view;
}

const Job* Verbs::process_or_error(Call& call, const std::string& name) {
  if (const Job* job = processes_.find(engine_.core(), name)) {
    const JobId id = job->id;
    engine_.look_for_starts({&id, 1});
    if (const Job* known = engine_.core().find(id)) return known;  // else it made room for what was found
  }
  call.error(proto::error::kNoSuchProcess, proto::one_field("process", name));
  return nullptr;
}

const Job* Verbs::only_process(Call& call) {
  const auto name = proto::read_process_name(call.envelope.parameters);
  if (name) return process_or_error(call, *name);
  invalid_parameter(call, name.error());
  return nullptr;
}

void Verbs::join_process(const CallPtr& call) {
  const auto request = proto::read_process_join(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (call->envelope.oneway) return call->reply({});  // nobody would be told
  const Job* job = process_or_error(*call, request->name);
  if (job == nullptr) return;
  if (job->settled) return call->reply({});
  auto deadline = std::make_shared<Deadlines::Key>();
  // One that is forgotten has ended, or never began.
  const WaiterId waiter = waiters_.add(job->id, [this, call, deadline](const Job*) {
    deadlines_.remove(*deadline);
    call->reply({});
  });
  const auto leave = [this, id = job->id, waiter, deadline] {
    deadlines_.remove(*deadline);
    waiters_.remove(id, waiter);
  };
  call->on_hangup = leave;
  if (request->timeout)
    *deadline = deadlines_.add(Clock::now() + *request->timeout, [call, leave, name = request->name] {
      leave();
      call->error(proto::error::kProcessTimedOut, proto::one_field("process", name));
    });
}

void Verbs::is_process_alive(const CallPtr& call) {
  if (const Job* job = only_process(*call)) call->reply(proto::write_flag("alive", !job->settled));
}

void Verbs::show_process(const CallPtr& call) {
  if (const Job* job = only_process(*call)) call->reply(proto::write_process(process_view(*job)));
}

void Verbs::list_processes(const CallPtr& call) {
  const auto all = proto::read_process_list(call->envelope.parameters);
  if (!all) return invalid_parameter(*call, all.error());
  engine_.dispatcher().drain_all();
  std::vector<proto::Process> views;
  for (const Job* job : processes_.all(engine_.core()))
    if (*all || !job->settled) views.push_back(process_view(*job));
  call->reply(proto::write_processes(views));
}

void Verbs::terminate_process(const CallPtr& call) { signal_process(call, SIGTERM); }
void Verbs::kill_process(const CallPtr& call) { signal_process(call, SIGKILL); }

// The worker of this function runs nothing else, nor will, and has said that it began: before that it hears no TERM.
bool Verbs::hears_signals(const Job& job) const {
  const PoolSettings& settings = engine_.core().pools().at(job.pool).record.settings;
  return job.started_usec > 0 && settings.threads == 1 && settings.max_tasks == 1;
}

void Verbs::signal_process(const CallPtr& call, int signal) {
  const Job* job = only_process(*call);
  if (job == nullptr) return;
  const JobId id = job->id;
  const bool is_running = job->state == JobState::running;
  if (job->state == JobState::ready || job->state == JobState::waiting) {
    engine_.tell(Cancel{id, Cancel::Haste::now, "it was ended before it started"});
  } else if (is_running && job->kind == shm::JobKind::command) {
    if (!engine_.signal_job(*job, signal)) return too_many_signals(*call, *job);
  } else if (is_running && signal == SIGTERM && hears_signals(*job)) {
    engine_.signal_worker_of(*job, signal);  // it may catch it, as in Python
  } else if (is_running) {
    engine_.tell(KillFunction{id});
  }
  call->reply({});
}

}  // namespace jobpool::broker
