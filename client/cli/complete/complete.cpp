// Asks the daemon for what lives, and writes down what fits. See complete.hpp.
#include "client/cli/complete/complete.hpp"

#include <unistd.h>

#include <optional>

#include "client/cli/complete/plan.hpp"
#include "client/cli/tell.hpp"
#include "common/outcome.hpp"
#include "proto/process_messages.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {
namespace {

using Wanted = CompletionPlan::Kind;

constexpr unsigned kPatienceSeconds = 2;  // somebody has pressed a key

// The newest hundred; nullopt: in whatever state.
std::vector<Candidate> job_candidates(Context& context, std::optional<JobState> state) {
  proto::ListRequest request;
  request.state = state;
  std::vector<Candidate> found;
  (void)context.stream("org.jobpool.Job.List", proto::write_list(request), [&](proto::JsonText parameters) -> Result<void> {
    if (!parameters.member("job")) return {};
    const Result<proto::Job> job = proto::read_job(parameters);
    if (!job) return job.error();
    const std::string what = job->name.empty() ? job->description : job->name + ": " + job->description;
    found.push_back({std::to_string(job->id.value), std::string{to_string(job->state)} + ", " + what});
    return {};
  });
  return found;
}

template <class Things, class Describe>
std::vector<Candidate> named(const Result<client::Reply>& reply, Result<Things> (*read)(proto::JsonText), Describe describe) {
  std::vector<Candidate> found;
  if (!reply) return found;
  const Result<Things> things = read(reply->parameters);
  if (!things) return found;
  for (const auto& thing : *things) found.push_back({thing.name, describe(thing)});
  return found;
}

std::vector<Candidate> live_candidates(Context& context, Wanted kind) {
  ::alarm(kPatienceSeconds);  // its signal ends us: nothing is offered then
  if (!context.connect(Context::Daemon::must_run)) return {};
  std::vector<Candidate> found;
  switch (kind) {
    case Wanted::ids:
      return job_candidates(context, {});
    case Wanted::ended_ids:
      return job_candidates(context, JobState::done);
    case Wanted::unfinished_ids:
      for (const JobState state : {JobState::running, JobState::ready, JobState::waiting})
        for (Candidate& candidate : job_candidates(context, state)) found.push_back(std::move(candidate));
      return found;
    case Wanted::pools:
      return named(context.ask("org.jobpool.Pool.List", "{}"), proto::read_pools, [](const proto::PoolInfo& pool) { return pool.state; });
    case Wanted::queues:
      return named(context.ask("org.jobpool.Queue.List", "{}"), proto::read_queues,
                   [](const proto::Queue& queue) { return std::to_string(queue.size) + " items"; });
    case Wanted::processes:
      return named(context.ask("org.jobpool.Process.List", "{}"), proto::read_processes,
                   [](const proto::Process& process) { return "job " + std::to_string(process.id.value); });
    default:
      return {};
  }
}

std::vector<Candidate> candidates(Context& context, const CompletionPlan& plan) {
  switch (plan.kind) {
    case Wanted::words:
      return plan.words;
    case Wanted::nothing:
    case Wanted::files:
    case Wanted::directories:
    case Wanted::commands:
      return {};
    default:
      return live_candidates(context, plan.kind);
  }
}

std::string_view directive_of(Wanted kind) {
  switch (kind) {
    case Wanted::files:
      return ":files";
    case Wanted::directories:
      return ":directories";
    case Wanted::commands:
      return ":commands";
    default:
      return ":none";
  }
}

}  // namespace

int run_complete(Context& context, Words words) {
  const CompletionPlan plan = plan_completion(words);
  if (!plan.socket.empty()) context.socket = plan.socket;
  std::string text;
  for (const Candidate& candidate : candidates(context, plan))
    if (candidate.value.starts_with(plan.typed))
      text += plan.prefix + candidate.value + "\t" + printable(candidate.description.substr(0, candidate.description.find('\n'))) + "\n";
  return print(text.append(directive_of(plan.kind)).append("\n"));
}

}  // namespace jobpool::cli
