// See fingerprint.hpp. Kept in the store: libstdc++'s hash of bytes is part of its ABI.
#include "daemon/broker/rpc/fingerprint.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <span>

#include "daemon/broker/rpc/large_hash.hpp"

namespace jobpool::broker {
namespace {

std::size_t hash_of_number(std::int64_t number) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&number), sizeof number});
}

// Most of what is added is empty, or 0: hashed once, these are a fiftieth of what a call costs the broker.
const std::size_t kHashOfNothing = std::hash<std::string_view>{}({}), kHashOfZero = hash_of_number(0);

// Bytes and numbers to one number.
class Fingerprint {
 public:
  void add_hash(std::uint64_t hash) { value_ = std::rotl(value_, 5) * 0x9e3779b97f4a7c15U ^ hash; }
  void add(std::string_view bytes) { add_hash(bytes.empty() ? kHashOfNothing : std::hash<std::string_view>{}(bytes)); }
  void add(std::int64_t number) { add_hash(number == 0 ? kHashOfZero : hash_of_number(number)); }
  template <class Parts>
  void add_all(const Parts& parts) {
    add(static_cast<std::int64_t>(parts.size()));
    for (const auto& part : parts) add(part);
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

// Of a submission that inherited none it is what it was in every version, as of one without descriptors.
void add_surroundings(Fingerprint& sum, const proto::Submission& job, FingerprintsOf version) {
  const bool is_whole = version != FingerprintsOf::this_version;
  sum.add(job.environment.has_value());
  if (job.environment) sum.add_all(std::span{*job.environment}.subspan(is_whole ? 0 : job.inherited));
  if (job.inherited > 0 && !is_whole) sum.add("inherited");  // another one than with these and no others
  for (const auto& stream : {job.stdin_index, job.stdout_index, job.stderr_index}) sum.add(is_whole && stream.has_value());
}

std::uint64_t hash_of_large(std::string_view bytes) {
  const std::string_view whole = whole_steps(bytes);
  LargeHash hash;
  hash.add(whole);
  return hash.value(bytes.substr(whole.size()));
}

}  // namespace

std::string_view arguments_of(const proto::Submission& job) {
  if (!job.function) return {};
  return job.large_arguments.empty() ? std::string_view{job.arguments} : job.large_arguments;
}

bool has_large_arguments(const proto::Submission& job) { return arguments_of(job).size() >= kLargeArguments; }

std::uint64_t fingerprint(const proto::Submission& job, std::uint64_t arguments_hash, FingerprintsOf version) {
  Fingerprint sum;
  sum.add(job.function.value_or(""));
  sum.add_hash(arguments_hash);
  if (job.items) sum.add(*job.items);
  sum.add_all(job.command);
  for (const auto* text : {&job.cwd, &job.stdin_file, &job.pool}) sum.add(*text);
  add_surroundings(sum, job, version);
  sum.add(job.nice.has_value());
  for (const std::int64_t number :
       {std::int64_t{job.umask}, std::int64_t{job.nice.value_or(0)}, std::int64_t{job.priority}, std::int64_t{job.retries},
        std::int64_t{job.backoff.count()}, std::int64_t{job.timeout.count()}, std::int64_t{job.delay.count()}, job.at_usec.value_or(0)})
    sum.add(number);
  for (const auto* jobs : {&job.after, &job.after_any}) {
    sum.add(static_cast<std::int64_t>(jobs->size()));
    for (const JobId id : *jobs) sum.add(static_cast<std::int64_t>(id.value));
  }
  if (job.memory_bytes) {
    sum.add("memory");
    sum.add(*job.memory_bytes);
  }
  if (!job.after_failed.empty()) {  // nothing otherwise: fingerprints of before it was there stay as they are
    sum.add("failed");
    for (const JobId id : job.after_failed) sum.add(static_cast<std::int64_t>(id.value));
  }
  return sum.value();
}

std::uint64_t hash_of(const proto::Submission& job, FingerprintsOf version) {
  const std::string_view arguments = arguments_of(job);
  const bool is_large = has_large_arguments(job) && version != FingerprintsOf::earliest;
  return fingerprint(job, is_large ? hash_of_large(arguments) : std::hash<std::string_view>{}(arguments), version);
}

bool is_earlier_fingerprint(std::uint64_t taken, const proto::Submission& job) {
  return std::ranges::any_of(kEarlierFingerprints, [&](FingerprintsOf version) { return hash_of(job, version) == taken; });
}

std::uint64_t hash_of_chunk(std::uint64_t of_all, std::string_view items) {
  return (of_all ^ std::hash<std::string_view>{}(items)) * 0x9e3779b97f4a7c15U;
}

std::uint64_t hash_of_retry(JobId retried) {
  Fingerprint sum;
  sum.add("retry");
  sum.add(static_cast<std::int64_t>(retried.value));
  return sum.value();
}

}  // namespace jobpool::broker
