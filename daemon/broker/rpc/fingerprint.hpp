// The fingerprint of a submission: what those of one idempotency key have in common, in one number. Of what runs, when and how often, as
// its caller said it: not of what the daemon adds, which another one may see otherwise, nor of what the caller merely had (an inherited
// variable is another one in the next terminal, or in the same unit's next run). Names, graces and descriptors are no part of it. Pure;
// private to this folder.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proto/messages.hpp"

namespace jobpool::broker {

// How versions differ, of which stores and ledgers have fingerprints still. whole_environments: all of the environment counted, and which
// streams were descriptors. earliest: so did large arguments, otherwise.
enum class FingerprintsOf { this_version, whole_environments, earliest };
inline constexpr std::array kEarlierFingerprints{FingerprintsOf::whole_environments, FingerprintsOf::earliest};
std::uint64_t hash_of(const proto::Submission& job, FingerprintsOf version = FingerprintsOf::this_version);

// Whether some earlier version took it of the same submission.
bool is_earlier_fingerprint(std::uint64_t taken, const proto::Submission& job);

// The same of a retry.
std::uint64_t hash_of_retry(JobId retried);

// Of a chunk, of the fingerprint of what it has in common with the others.
std::uint64_t hash_of_chunk(std::uint64_t of_all, std::string_view items);

// Those of its function, wherever they are; of a command: none.
std::string_view arguments_of(const proto::Submission& job);
// They are hashed otherwise (large_hash.hpp), by who has them in the processor's cache if possible.
inline constexpr std::size_t kLargeArguments = 64 * 1024;
bool has_large_arguments(const proto::Submission& job);
// Of all of it, with that.
std::uint64_t fingerprint(const proto::Submission& job, std::uint64_t arguments_hash,
                          FingerprintsOf version = FingerprintsOf::this_version);

}  // namespace jobpool::broker
