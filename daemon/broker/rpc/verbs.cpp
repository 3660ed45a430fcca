// The table of methods, and what comes back from the engine.
#include "daemon/broker/rpc/verbs.hpp"

#include <utility>

namespace jobpool::broker {

namespace {

// Those of other methods are closed at once. With the call they would be kept until its answer, for as long as somebody likes to wait.
bool names_descriptors(std::string_view method) {
  return method == "org.jobpool.Pool.Apply" || method == "org.jobpool.Pool.ApplyAsync" || method == "org.jobpool.Pool.ApplyAll";
}

}  // namespace

Verbs::Verbs(Engine& engine, Outputs& outputs, Surroundings surroundings)
    : engine_(engine), outputs_(outputs), surroundings_(std::move(surroundings)) {}

const std::unordered_map<std::string_view, Verbs::Method>& Verbs::methods() {
  static const std::unordered_map<std::string_view, Method> kMethods{
      {"org.jobpool.Pool.Apply", &Verbs::apply},
      {"org.jobpool.Pool.ApplyAsync", &Verbs::apply_async},
      {"org.jobpool.Pool.ApplyAll", &Verbs::apply_all},
      {"org.jobpool.Pool.Map", &Verbs::map},
      {"org.jobpool.Pool.Hello", &Verbs::hello},
      {"org.jobpool.Pool.Status", &Verbs::status},
      {"org.jobpool.Pool.Shutdown", &Verbs::shutdown},
      {"org.jobpool.Pool.Reload", &Verbs::reload},
      {"org.jobpool.Pool.Stats", &Verbs::stats},
      {"org.jobpool.Pool.Metrics", &Verbs::metrics},
      {"org.jobpool.Pool.Events", &Verbs::events},
      {"org.jobpool.Pool.Create", &Verbs::create_pool},
      {"org.jobpool.Pool.List", &Verbs::list_pools},
      {"org.jobpool.Pool.Show", &Verbs::show_pool},
      {"org.jobpool.Pool.Resize", &Verbs::resize_pool},
      {"org.jobpool.Pool.Pause", &Verbs::pause_pool},
      {"org.jobpool.Pool.Resume", &Verbs::resume_pool},
      {"org.jobpool.Pool.Close", &Verbs::close_pool},
      {"org.jobpool.Pool.Terminate", &Verbs::terminate_pool},
      {"org.jobpool.Pool.Join", &Verbs::join_pool},
      {"org.jobpool.Pool.Delete", &Verbs::delete_pool},
      {"org.jobpool.Job.Get", &Verbs::get},
      {"org.jobpool.Job.Wait", &Verbs::wait},
      {"org.jobpool.Job.Ready", &Verbs::ready},
      {"org.jobpool.Job.Successful", &Verbs::successful},
      {"org.jobpool.Job.Show", &Verbs::show},
      {"org.jobpool.Job.List", &Verbs::list},
      {"org.jobpool.Job.Logs", &Verbs::logs},
      {"org.jobpool.Job.Cancel", &Verbs::cancel},
      {"org.jobpool.Job.Kill", &Verbs::kill},
      {"org.jobpool.Job.Retry", &Verbs::retry},
      {"org.jobpool.Job.Remove", &Verbs::remove},
      {"org.jobpool.Job.Clean", &Verbs::clean},
      {"org.jobpool.Process.Start", &Verbs::start_process},
      {"org.jobpool.Process.Join", &Verbs::join_process},
      {"org.jobpool.Process.Alive", &Verbs::is_process_alive},
      {"org.jobpool.Process.Show", &Verbs::show_process},
      {"org.jobpool.Process.List", &Verbs::list_processes},
      {"org.jobpool.Process.Terminate", &Verbs::terminate_process},
      {"org.jobpool.Process.Kill", &Verbs::kill_process},
  };
  return kMethods;
}

void Verbs::handle(std::shared_ptr<Call> call) {
  const auto found = methods().find(call->envelope.method);
  if (found == methods().end()) return call->error(proto::error::kMethodNotFound, proto::one_field("method", call->envelope.method));
  if (!call->fds.empty() && !names_descriptors(found->first)) call->fds.clear();
  (this->*found->second)(call);
}

void Verbs::on_accepted(const Accepted& accepted) {
  const Job* job = engine_.core().find(accepted.job);
  if (ChunksUnderWay* chunks = job == nullptr ? nullptr : chunks_of(accepted.token))
    return on_chunk_accepted(*chunks, chunks->place_of(accepted.token), *job);
  if (abandoned_.erase(accepted.token) > 0) return job == nullptr ? void() : cancel_if_unwanted(job->id);
  auto node = pending_.extract(accepted.token);
  if (node.empty() || job == nullptr) return;
  Pending& pending = node.mapped();
  pending.call->on_hangup = {};
  if (job->flags.has_descriptors && job->state != JobState::done) engine_.hold_descriptors(job->id, std::move(pending.call->fds));
  // Only looked at by a caller that has its id, an apply that had ended has nobody else to be handed to.
  const Delivery delivery = job->settled ? delivery_of(*job) : Delivery{};
  if (pending.asker == Asker::process) return on_process_accepted(pending.call, *job, pending.mode);
  // Nobody listens to a oneway Apply: it is over when its job is accepted, and its connection's end cancels nothing.
  if (pending.mode == Mode::apply_async || pending.call->envelope.oneway) return pending.call->reply(proto::write_accepted(job->id));
  attach(pending.call, *job);
}

Verbs::ErrorAnswer Verbs::queue_full(std::string_view pool, std::size_t limit, std::string_view reason) {
  const std::string name = proto::one_field("pool", pool);
  return {proto::error::kQueueFull,
          name.substr(0, name.size() - 1) + R"(,"limit":)" + std::to_string(limit) + "," + proto::one_field("reason", reason).substr(1)};
}

void Verbs::queue_full(Call& call, std::string_view pool, std::size_t limit, std::string_view reason) {
  const ErrorAnswer answer = queue_full(pool, limit, reason);
  call.error(answer.name, answer.parameters);
}

void Verbs::on_refused(const Refused& refused) {
  if (ChunksUnderWay* chunks = chunks_of(refused.token)) {
    ErrorAnswer answer = error_of(refused, chunks->pool);
    return on_chunk_refused(*chunks, chunks->place_of(refused.token), answer.name, std::move(answer.parameters));
  }
  if (abandoned_.erase(refused.token) > 0) return;
  auto node = pending_.extract(refused.token);
  if (node.empty()) return;
  Call& call = *node.mapped().call;
  call.on_hangup = {};
  const ErrorAnswer answer = error_of(refused, node.mapped().pool);
  call.error(answer.name, answer.parameters);
}

Verbs::ErrorAnswer Verbs::error_of(const Refused& refused, std::string_view pool) const {
  switch (refused.why) {
    case Refusal::queue_full:
      return queue_full(pool, engine_.core().limits().max_queued_jobs, "as many jobs, or bytes of them, wait as the pool takes");
    case Refusal::quota_full:
      return queue_full(pool, engine_.core().limits().max_queued_of_one, "as many jobs wait as one user may have in the queue");
    case Refusal::not_running:
      return pool_error(proto::error::kPoolNotRunning, pool, why_not_running(pool));
    case Refusal::store_full:
      return {proto::error::kStoreFull, proto::one_field("reason",
                                                         "the disk is full: new durable jobs are refused; make room, "
                                                         "or submit with durable false")};
    case Refusal::no_such_dependency:
      return {proto::error::kNoSuchDependency, R"({"id":)" + std::to_string(refused.job.value) + "}"};
    case Refusal::key_conflict:
      return key_conflict(refused.job, {});
    case Refusal::key_of_ephemeral:
      return key_conflict(refused.job, "that job is not on disk, as this one is to be; wait for its end, or submit with durable false");
    case Refusal::forgotten:
      return {proto::error::kNoSuchJob, R"({"id":)" + std::to_string(refused.job.value) + "}"};
    case Refusal::withdrawn:
      break;  // by its caller, who is gone
  }
  return {};
}

Verbs::ErrorAnswer Verbs::key_conflict(JobId id, std::string_view reason) const {
  const Job* job = engine_.core().find(id);  // it may have been forgotten in this turn
  const std::string key = proto::one_field("key", job == nullptr ? std::string_view{} : std::string_view{job->key});
  const std::string named = key.substr(0, key.size() - 1) + R"(,"id":)" + std::to_string(id.value);
  return {proto::error::kKeyConflict, named + (reason.empty() ? "}" : "," + proto::one_field("reason", reason).substr(1))};
}

void Verbs::on_started(const Job& job) {
  starters_.ended(job);
  if (blocked_before_start_.erase(job.id) > 0) announce_blocked(job.id, true);
}

void Verbs::on_ended(const Job& job) {
  starters_.ended(job);
  // Dropped here when nobody among the waiters is to have the end itself: whoever asked is gone.
  const Delivery delivery = delivery_of(job);
  appliers_.ended(job);
  waiters_.ended(job);
}

// Most of them have ended, and nobody waits for them any more.
void Verbs::on_forgotten(JobId job) {
  processes_.on_forgotten(job);
  for (Waiters* waiters : {&starters_, &appliers_, &waiters_}) waiters->forgotten(job);
}

}  // namespace jobpool::broker
