// See fingerprint.hpp. Kept in the store: libstdc++'s hash of bytes is part of its ABI.
#include "daemon/broker/rpc/fingerprint.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace jobpool::broker {
namespace {

constexpr std::size_t kLargeArguments = 64 * 1024;

std::size_t hash_of_number(std::int64_t number) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&number), sizeof number});
}

// Most of what is added is empty, or 0: hashed once, these are a fiftieth of what a call costs the broker.
const std::size_t kHashOfNothing = std::hash<std::string_view>{}({}), kHashOfZero = hash_of_number(0);

// Bytes to one number, at three times the rate of libstdc++'s hash: four sums side by side, each of which every one of its words changes.
class LargeHash {
 public:
  static constexpr std::size_t kStep = 4 * sizeof(std::uint64_t);

  // Requires: whole steps.
  void add(std::string_view bytes) {
    for (const char *at = bytes.data(), *const end = at + bytes.size(); at != end; at += kStep) {
      first_ = mixed(first_, word(at, 0));
      second_ = mixed(second_, word(at, 1));
      third_ = mixed(third_, word(at, 2));
      fourth_ = mixed(fourth_, word(at, 3));
    }
  }
  std::uint64_t value(std::string_view rest) const {
    return mixed(mixed(mixed(mixed(std::hash<std::string_view>{}(rest), first_), second_), third_), fourth_);
  }

 private:
  static std::uint64_t mixed(std::uint64_t sum, std::uint64_t word) { return std::rotl((sum ^ word) * 0x9e3779b97f4a7c15U, 29); }
  static std::uint64_t word(const char* at, std::size_t i) {
    std::uint64_t value;
    std::memcpy(&value, at + i * sizeof value, sizeof value);
    return value;
  }

  std::uint64_t first_ = 1, second_ = 2, third_ = 3, fourth_ = 4;  // by name: compilers make slow vectors of an array
};

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

std::string_view arguments_of(const proto::Submission& job) { return job.function ? std::string_view{job.arguments} : std::string_view{}; }

}  // namespace

bool has_large_arguments(const proto::Submission& job) { return arguments_of(job).size() >= kLargeArguments; }

std::uint64_t hash_of_large(std::string_view bytes, char* room) {
  constexpr std::size_t kPiece = 512 * LargeHash::kStep;
  LargeHash hash;
  while (bytes.size() >= LargeHash::kStep) {
    const std::string_view piece = bytes.substr(0, std::min(kPiece, bytes.size() / LargeHash::kStep * LargeHash::kStep));
    hash.add(piece);
    if (room != nullptr) room = std::copy(piece.begin(), piece.end(), room);
    bytes.remove_prefix(piece.size());
  }
  if (room != nullptr) std::copy(bytes.begin(), bytes.end(), room);
  return hash.value(bytes);
}

std::uint64_t fingerprint(const proto::Submission& job, std::uint64_t arguments_hash) {
  Fingerprint sum;
  sum.add(job.function.value_or(""));
  sum.add_hash(arguments_hash);
  if (job.items) sum.add(*job.items);
  sum.add_all(job.command);
  for (const auto* text : {&job.cwd, &job.stdin_file, &job.pool}) sum.add(*text);
  sum.add(job.environment.has_value());
  if (job.environment) sum.add_all(*job.environment);
  for (const auto& given : {job.stdin_index, job.stdout_index, job.stderr_index, job.nice}) sum.add(given.has_value());
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
  const bool is_large = has_large_arguments(job) && version == FingerprintsOf::this_version;
  return fingerprint(job, is_large ? hash_of_large(arguments) : std::hash<std::string_view>{}(arguments));
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
