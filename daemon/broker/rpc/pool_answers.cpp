// Answers that several verbs of pools give, and the remedies in their words.
#include <algorithm>
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

std::string two_fields(std::string_view one, std::string_view value, std::string_view other, std::string_view text) {
  const std::string first = proto::one_field(one, value);
  return first.substr(0, first.size() - 1) + "," + proto::one_field(other, text).substr(1);
}

}  // namespace

void Verbs::no_such_pool(Call& call, std::string_view name) { call.error(proto::error::kNoSuchPool, proto::one_field("pool", name)); }

void Verbs::pool_error(Call& call, std::string_view error, std::string_view pool, std::string_view reason) {
  const ErrorAnswer answer = pool_error(error, pool, reason);
  call.error(answer.name, answer.parameters);
}

Verbs::ErrorAnswer Verbs::pool_error(std::string_view error, std::string_view pool, std::string_view reason) {
  return {error, two_fields("pool", pool, "reason", reason)};
}

void Verbs::invalid_pool(Call& call, std::string_view field, std::string_view reason) {
  call.error(proto::error::kInvalidPool, two_fields("field", field, "reason", reason));
}

const CorePool* Verbs::pool_or_error(Call& call, const std::string& name) {
  const CorePool* pool = engine_.core().pools().find(name);
  if (pool == nullptr) no_such_pool(call, name);
  return pool;
}

const CorePool* Verbs::only_pool(Call& call) {
  const auto name = proto::read_pool_name(call.envelope.parameters);
  if (name) return pool_or_error(call, *name);
  invalid_parameter(call, name.error());
  return nullptr;
}

bool Verbs::knows_pool(std::string_view name) const {
  bool is_known = false;
  engine_.core().pools().each([&](const CorePool& pool) { is_known = is_known || pool.record.settings.name == name; });
  return is_known;
}

std::string Verbs::why_not_running(std::string_view name) const {
  const CorePool* pool = engine_.core().pools().find(name);
  if (pool == nullptr) return "it was deleted; make it again with: jobpool pool create " + std::string{name};
  if (pool->takes_jobs()) return std::string{kGoingDown};
  const char* what = pool->record.state == PoolState::closed ? "it is closed" : "it was terminated";
  return std::string{what} + "; reopen it with: jobpool pool resume " + std::string{name};
}

bool Verbs::has_room_for(std::uint32_t workers, const CorePool* pool) const {
  std::size_t all = workers;
  engine_.core().pools().each([&](const CorePool& other) {
    if (&other != pool && !other.record.deleted) all += engine_.core().size_of(other);
  });
  return all <= kMaxWorkers;
}

void Verbs::reply_when_stored(const CallPtr& call) {
  engine_.journal().after_commit([call] { call->reply({}); });
}

}  // namespace jobpool::broker
