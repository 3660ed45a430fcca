// Maps whose chunks are jobs of their own: accepted together, and ended when the last of them has.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

void JobCore::on(SubmitBatch& event, const Now& now, Effects& out) {
  accept_blocked(now, out);  // those who came before are first
  Submit& batch = event.batch;
  if (accept_known_key(batch, out)) return;
  for (const Submit* part : {&event.chunks.front(), &batch})  // of the chunks one is as good as the others
    if (auto refused = refusal_of(*part)) {
      refused->token = batch.token;
      return out.push_back(*refused);
    }
  if (const auto full = fullness_for(event)) return out.push_back(Refused{batch.token, *full, {}});
  for (Submit& chunk : event.chunks) {
    batch.after.push_back({next_id_, Dependency::Needs::end});
    accept(chunk, now, out);
  }
  accept(batch, now, out);
}

std::optional<Refusal> JobCore::fullness_for(const SubmitBatch& event) const {
  const std::size_t jobs = event.chunks.size() + 1;
  std::size_t bytes = event.batch.payload.size() + event.chunks.size() * kDependencyBytes;  // it comes after each of them
  for (const Submit& chunk : event.chunks) bytes += chunk.payload.size() + chunk.after.size() * kDependencyBytes;
  if (queued_jobs() + jobs > limits_.max_queued_jobs || queued_bytes() + bytes > limits_.max_queued_bytes) return Refusal::queue_full;
  const auto own = queued_of_.find(event.batch.uid);
  if ((own == queued_of_.end() ? 0 : own->second) + jobs > limits_.max_queued_of_one) return Refusal::quota_full;
  return std::nullopt;
}

void JobCore::keep_chunks(JobId batch, const Dependencies& after) {
  std::vector<JobId>& chunks = batches_[batch].chunks;
  for (const Dependency& dependency : after) {
    chunks.push_back(dependency.job);
    batch_of_.emplace(dependency.job, batch);
  }
}

const std::vector<JobId>* JobCore::chunks(JobId id) const {
  const auto found = batches_.find(id);
  return found == batches_.end() ? nullptr : &found->second.chunks;
}

std::optional<JobId> JobCore::batch_of(JobId chunk) const {
  const auto found = batch_of_.find(chunk);
  return found == batch_of_.end() ? std::nullopt : std::optional{found->second};
}

JobNotes JobCore::notes(JobId id) const {
  const auto found = notes_.find(id);
  return found == notes_.end() ? JobNotes{} : found->second;
}

// Its turn to be forgotten has come. False: it is no chunk of a batch that is known, and would not be missed.
bool JobCore::keep_for_batch(JobId chunk) {
  const auto found = batch_of_.find(chunk);
  if (found == batch_of_.end()) return false;
  Batch& batch = batches_.at(found->second);
  if (batch.kept.insert(chunk).second && batch.has_settled) ++kept_for_batches_;
  return true;
}

bool JobCore::is_kept_for_batch(JobId chunk) const {
  const auto found = batch_of_.find(chunk);
  return found != batch_of_.end() && batches_.at(found->second).kept.contains(chunk);
}

void JobCore::batch_has_settled(JobId id) {
  Batch& batch = batches_.at(id);
  if (!std::exchange(batch.has_settled, true)) kept_for_batches_ += batch.kept.size();
}

void JobCore::leave_batch(JobId chunk) {
  const auto found = batch_of_.find(chunk);
  if (found == batch_of_.end()) return;
  Batch& batch = batches_.at(found->second);
  if (batch.kept.erase(chunk) > 0 && batch.has_settled) --kept_for_batches_;
  batch_of_.erase(found);
}

void JobCore::drop_batch(JobId id) {
  const Batch& batch = batches_.at(id);
  if (batch.has_settled) kept_for_batches_ -= batch.kept.size();
  for (const JobId chunk : batch.chunks) batch_of_.erase(chunk);
  batches_.erase(id);
}

// Requires: its chunks have ended. It is cancelled when one of them was, since nobody else would be told.
void JobCore::end_batch(Job& batch, const Now& now, Effects& out) {
  const std::vector<JobId>& chunks = batches_.at(batch.id).chunks;
  std::size_t unsuccessful = 0;
  bool is_cancelled = false;
  std::string first;
  for (const JobId id : chunks) {
    const Job* chunk = find(id);
    if (chunk != nullptr && chunk->outcome == Outcome::succeeded) continue;
    is_cancelled = is_cancelled || (chunk != nullptr && chunk->outcome == Outcome::cancelled);
    if (unsuccessful++ > 0) continue;
    first = "job " + std::to_string(id.value);
    first += chunk == nullptr ? ", is not there any more" : ", ended " + std::string{to_string(chunk->outcome)};
    if (chunk != nullptr && !chunk->reason.empty()) first += ": " + std::string{chunk->reason};
  }
  if (unsuccessful == 0) return finish(batch, Outcome::succeeded, now, out);
  batch.reason =
      std::to_string(unsuccessful) + " of " + std::to_string(chunks.size()) + " chunks did not succeed; the first of them, " + first;
  finish(batch, is_cancelled ? Outcome::cancelled : Outcome::failed, now, out);
}

}  // namespace jobpool::broker
