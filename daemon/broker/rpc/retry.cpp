// Retry: a new job that is as an ended one was when it was submitted. What that was to run is read back from the store.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/submissions.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::broker {
namespace {

constexpr std::size_t kNamedChunks = 20;

// What it would still have to wait for. What has ended was judged once, and somebody now wants it to run.
Dependencies still_open(const Dependencies& after, const JobCore& core) {
  Dependencies open;
  for (const Dependency& dependency : after)
    if (const Job* job = core.find(dependency.job); job != nullptr && job->state != JobState::done) open.push_back(dependency);
  return open;
}

Submit event_of_retry(JobRecord record, const JobCore& core) {
  const JobId retried = record.id;
  Submit event;
  static_cast<Terms&>(event) = record.terms;
  event.mode = Mode::apply_async;
  event.flags.detach = false;
  event.if_full = IfFull::fail;
  event.after = still_open(record.after, core);
  event.payload = std::move(record.payload);
  event.name = std::move(record.name);
  event.description = std::move(record.description);
  event.notes = record.notes;
  event.notes.retry_of = retried;
  return event;
}

// A map runs nothing itself: its chunks do, each a job of its own.
std::string remedy_for_batch(const std::vector<JobId>& chunks, const JobCore& core) {
  std::string ids;
  std::size_t named = 0;
  for (const JobId id : chunks) {
    const Job* chunk = core.find(id);
    if (chunk == nullptr || chunk->outcome == Outcome::succeeded) continue;
    if (++named > kNamedChunks) break;
    ids += (ids.empty() ? "" : ",") + std::to_string(id.value);
  }
  if (named > kNamedChunks) ids += ",…";
  return ids.empty() ? "it is a map all of whose chunks succeeded; submit the map again"
                     : "it is a map; retry its chunks that did not succeed: jobpool retry " + ids;
}

}  // namespace

void Verbs::retry(const CallPtr& call) {
  auto request = proto::read_retry(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const JobId id = request->id;
  // Asked for once already: the answer is the same, whatever has become of the job.
  if (!request->key.empty() && engine_.core().find_key(call->peer.uid, request->key) != nullptr) {
    Submit known;
    known.mode = Mode::apply_async;
    return submit_retry(call, std::move(known), id, request->key);
  }
  const Job* job = job_or_error(*call, id);
  if (job == nullptr) return;
  if (!job->settled) return job_error(*call, proto::error::kNotEnded, id);
  if (const std::vector<JobId>* chunks = engine_.core().chunks(id))
    return job_error(*call, proto::error::kNotRetryable, id, remedy_for_batch(*chunks, engine_.core()));
  if (is_process(*job))
    return job_error(*call, proto::error::kNotRetryable, id,
                     "it was a process, whose name may be another's by now; start it again with: "
                     "jobpool process start");
  if (!job->flags.durable)
    return job_error(*call, proto::error::kNotRetryable, id,
                     "it was not durable, and what it ran is not kept beyond its end; submit it again (with --durable, to retry it later)");
  engine_.read_job(id, [this, call, id, key = std::move(request->key)](Result<JobRecord> record) {
    if (engine_.core().find(id) == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);  // removed meanwhile
    if (!record) return job_error(*call, proto::error::kNotRetryable, id, record.error().text);
    // Every payload has bytes: stores of earlier versions have none of what was skipped when it was submitted.
    if (record->payload.empty())
      return job_error(*call, proto::error::kNotRetryable, id,
                       "it was skipped when it was submitted, by a version that did not keep what such a job was to run; submit it again");
    submit_retry(call, event_of_retry(std::move(*record), engine_.core()), id, key);
  });
}

void Verbs::submit_retry(const CallPtr& call, Submit event, JobId retried, const std::string& key) {
  const CorePool* pool = engine_.core().pools().find(event.pool);
  if (pool != nullptr && pool->record.deleted) {
    // Its name may be another's by now: that is the pool which somebody means who submits to it again.
    if (const CorePool* again = engine_.core().pools().find(pool->record.settings.name)) pool = again;
    if (const std::string refused = refusal_by_threads(event.kind, *pool); !refused.empty())
      return call->error(proto::error::kInvalidJob, refused);
    event.pool = pool->record.number;
  }
  event.token = Token{++last_token_};
  event.uid = call->peer.uid;
  event.key = key;
  if (!key.empty()) event.spec_hash = hash_of_retry(retried);
  const Token token = event.token;
  pending_.emplace(token, Pending{call, Mode::apply_async, event.key, pool == nullptr ? "" : pool->record.settings.name});
  engine_.tell(std::move(event));
  // Not answered yet: it waits for its commit.
  if (pending_.contains(token)) call->on_hangup = [this, token] { withdraw(token); };
}

}  // namespace jobpool::broker
