// Process.Start: a job in the pool of processes, which has a worker for each and no queue to speak of.
#include <algorithm>
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::broker {
namespace {

constexpr std::uint32_t kMaxProcesses = 256;  // at a time; further ones wait

// A worker comes when there is a process for it, does nothing else, and leaves: that is what outside any pool means here.
PoolSettings process_pool(std::uint32_t size) {
  PoolSettings settings;
  settings.name = proto::kProcessPool;
  settings.size = size;
  settings.min = 0;
  settings.max_tasks = 1;
  return settings;
}

std::string process_field(const std::string& name) { return proto::one_field("process", name); }

}  // namespace

bool Verbs::make_process_pool(Call& call) {
  const PoolTable& pools = engine_.core().pools();
  if (pools.find(proto::kProcessPool) != nullptr) return true;
  std::uint32_t size = kMaxProcesses;
  while (size > 0 && !has_room_for(size, nullptr)) size /= 2;
  if (size == 0 || pools.size() >= kMaxPools) {
    pool_error(call, proto::error::kPoolNotRunning, proto::kProcessPool,
               "it cannot be made: there are as many pools, or workers in them, as there may be; delete or resize some");
    return false;
  }
  if (engine_.core().store_is_full()) {
    call.error(proto::error::kStoreFull, proto::one_field("reason", "the disk is full: no new processes; make room"));
    return false;
  }
  engine_.tell(CreatePool{process_pool(size)});
  return true;
}

void Verbs::start_process(const CallPtr& call) {
  auto request = proto::read_process_start(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (request->daemonic && !call->envelope.more) return call->error(proto::error::kExpectedMore, {});
  // Ids and these names never come twice.
  if (request->name.empty()) request->name = "Process-" + std::to_string(engine_.core().next_id().value);
  const Job* same = processes_.find(engine_.core(), request->name);
  const bool is_same_call = same != nullptr && !request->key.empty() && same->key == std::string_view(request->key);
  if (same != nullptr && !same->settled && !is_same_call) {
    const std::string field = process_field(request->name);
    return call->error(proto::error::kProcessExists,
                       field.substr(0, field.size() - 1) + R"(,"id":)" + std::to_string(same->id.value) + "}");
  }
  if (!make_process_pool(*call)) return;
  proto::Submission job = std::move(request->target);
  job.pool = proto::kProcessPool;
  job.name = request->name;
  job.key = request->key;
  job.if_full = proto::IfFull::fail;  // one that waited for room would have no name meanwhile
  const JobId next = engine_.core().next_id();
  submit(call, std::move(job), request->daemonic ? Mode::apply : Mode::apply_async, Asker::process);
  // The name is taken from here on, whether or not its starter lives to see it stored. (Jobs of others, which waited for room, may have
  // been accepted before it.)
  for (JobId id = next; id < engine_.core().next_id(); ++id.value)
    if (const Job* taken = engine_.core().find(id); taken != nullptr && is_process(*taken)) processes_.on_accepted(*taken);
}

bool Verbs::is_process(const Job& job) const { return engine_.core().pools().at(job.pool).record.settings.name == proto::kProcessPool; }

// The starter has the answer at once; a daemonic one's connection is held until the end.
void Verbs::on_process_accepted(const CallPtr& call, const Job& job, Mode mode) {
  processes_.on_accepted(job);
  const std::string answer = proto::write_process_started({std::string(job.name), job.id});
  if (mode == Mode::apply_async) return call->reply(answer);
  call->reply_more(answer);
  if (job.settled) return call->reply(answer);
  const WaiterId waiter = appliers_.add(job.id, [call, answer](const Job*) { call->reply(answer); });
  call->on_hangup = [this, id = job.id, waiter] {
    appliers_.remove(id, waiter);
    cancel_if_unwanted(id, "it was daemonic, and its starter is gone");
  };
}

}  // namespace jobpool::broker
