// The terms of a submission: when it runs, how often, and for how long. (Whether it outlives the daemon is read with the submission.)
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

// The year 2200: a wall clock's nanoseconds still fit an integer there.
constexpr std::int64_t kMaxWallUsec = 7'258'118'400'000'000;

constexpr std::string_view name_of(IfFull if_full) { return if_full == IfFull::block ? "block" : "fail"; }

std::optional<IfFull> if_full_from(std::string_view name) {
  for (const IfFull known : {IfFull::fail, IfFull::block})
    if (name == name_of(known)) return known;
  return std::nullopt;
}

int take_count(Fields& fields, std::string_view field, int min, int max) {
  return static_cast<int>(fields.integer(field, min, max).value_or(0));
}

void take_time(Fields& fields, Submission& job) {
  const std::optional<Microseconds> delay = fields.duration("delayUSec", kMaxTimeout);
  job.delay = delay.value_or(job.delay);
  job.at_usec = fields.integer("atUSec", 0, kMaxWallUsec);
  if (delay && job.at_usec) fields.reject("atUSec");
}

void take_dependencies(Fields& fields, Submission& job) {
  job.after = fields.ids("after", kMaxDependencies);
  job.after_any = fields.ids("afterAny", kMaxDependencies);
  if (job.after.size() + job.after_any.size() > kMaxDependencies) fields.reject("afterAny");
  job.after_failed = fields.ids("afterFailed", kMaxDependencies);
  if (job.after.size() + job.after_any.size() + job.after_failed.size() > kMaxDependencies) fields.reject("afterFailed");
}

}  // namespace

void take_terms(Fields& fields, Submission& job) {
  job.priority = take_count(fields, "priority", kLowestPriority, kHighestPriority);
  take_time(fields, job);
  take_dependencies(fields, job);
  job.retries = take_count(fields, "retries", 0, kMaxRetries);
  job.backoff = fields.duration("backoffUSec", kMaxBackoff).value_or(job.backoff);
  job.timeout = fields.duration("timeoutUSec", kMaxTimeout).value_or(job.timeout);
  job.if_full = take_enum(fields, "ifFull", &if_full_from);
}

void write_terms(ObjectWriter& object, const Submission& job) {
  const Submission defaults;
  if (job.durable) object.flag("durable", *job.durable);
  if (job.priority != 0) object.integer("priority", job.priority);
  if (job.delay.count() != 0) object.integer("delayUSec", job.delay.count());
  object.integer_if("atUSec", job.at_usec);
  write_ids_if(object, "after", job.after);
  write_ids_if(object, "afterAny", job.after_any);
  write_ids_if(object, "afterFailed", job.after_failed);
  if (job.retries != 0) object.integer("retries", job.retries);
  if (job.backoff != defaults.backoff) object.integer("backoffUSec", job.backoff.count());
  if (job.timeout.count() != 0) object.integer("timeoutUSec", job.timeout.count());
  if (job.if_full) object.text("ifFull", name_of(*job.if_full));
}

}  // namespace jobpool::proto
