// See clients.hpp.
#include "tests/simulation/clients.hpp"

#include <vector>

namespace jobpool::simulation {

using namespace broker;
using namespace std::chrono_literals;

const Work* Clients::wish(std::int64_t wall_usec) {
  const std::size_t count = oracle_.works().size();
  if (count >= plan_.jobs) return nullptr;
  if (is_drawn(plan_.batches)) return wish_batch();
  Submit submit;
  submit.mode = is_drawn(plan_.applies) ? Mode::apply : Mode::apply_async;
  submit.kind = is_drawn(plan_.commands) ? shm::JobKind::command : shm::JobKind::function;
  submit.flags.durable = !is_drawn(plan_.ephemeral);
  submit.flags.has_descriptors = !submit.flags.durable && is_drawn(plan_.described);
  submit.flags.detach = choices_.one_in(4);
  submit.if_full = choices_.one_in(2) ? IfFull::block : IfFull::fail;
  submit.uid = static_cast<uid_t>(choices_.below(2));
  if (is_drawn(plan_.keyed)) submit.key = "key " + std::to_string(count);
  submit.spec_hash = count;
  submit.pool = PoolNumber{choices_.one_in(3) ? std::uint16_t{1} : std::uint16_t{0}};
  // Threads take no commands: the verbs refuse them.
  if (submit.pool.value == 1 && plan_.second.threads > 1) submit.kind = shm::JobKind::function;
  if (is_drawn(plan_.prioritised)) submit.priority = static_cast<std::int16_t>(choices_.below(3));
  if (is_drawn(plan_.delayed)) submit.not_before_usec = wall_usec + static_cast<std::int64_t>(choices_.between(1, 1'000)) * 1'000;
  if (is_drawn(plan_.timed)) submit.timeout = std::chrono::milliseconds{choices_.between(1, 300)};
  if (is_drawn(plan_.commands)) submit.grace = std::chrono::milliseconds{choices_.below(200)};
  if (is_drawn(plan_.retried)) {
    submit.retries = static_cast<std::uint16_t>(choices_.between(1, 4));
    submit.backoff = std::chrono::milliseconds{choices_.below(200)};
  }
  if (is_drawn(plan_.dependent))
    if (const auto job = known_job())
      submit.after.push_back({*job, choices_.one_in(4) ? Dependency::Needs::end : Dependency::Needs::success});
  return &oracle_.want(std::move(submit));
}

const Work* Clients::wish_batch() {
  Submit submit;
  submit.mode = Mode::apply_async;
  submit.flags.durable = true;
  submit.uid = static_cast<uid_t>(choices_.below(2));
  Submit chunk = submit;
  if (is_drawn(plan_.retried)) {
    chunk.retries = static_cast<std::uint16_t>(choices_.between(1, 4));
    chunk.backoff = std::chrono::milliseconds{choices_.below(200)};
  }
  if (is_drawn(plan_.timed)) chunk.timeout = std::chrono::milliseconds{choices_.between(1, 300)};
  std::vector<std::uint32_t> chunks;
  for (std::size_t left = choices_.between(1, 3); left > 0; --left) chunks.push_back(oracle_.want(chunk).number);
  submit.flags.batch = true;
  submit.spec_hash = oracle_.works().size();
  if (is_drawn(plan_.keyed)) submit.key = "key " + std::to_string(submit.spec_hash);
  Work& batch = oracle_.want(std::move(submit));
  batch.chunks = std::move(chunks);
  return &batch;
}

const Work* Clients::wish_again() {
  std::vector<const Work*> all;
  for (const Work& work : oracle_.works())
    if (!work.submit.key.empty() && (work.is_durable() || work.instance == oracle_.instance())) all.push_back(&work);
  return all.empty() ? nullptr : choices_.one_of(all);
}

std::optional<JobId> Clients::known_job() {
  std::vector<JobId> all;
  for (const auto& [id, truth] : oracle_.jobs())
    if (truth.accepted) all.push_back(id);
  if (all.empty()) return std::nullopt;
  return choices_.one_of(all);
}

}  // namespace jobpool::simulation
