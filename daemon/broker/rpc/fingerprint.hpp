// The fingerprint of a submission: what those of one idempotency key have in common, in one number. Of what runs, when and how often, as
// its caller said it: not of what the daemon adds, which another one may see otherwise. Names and graces are no part of that. Pure; private
// to this folder.
#pragma once

#include <cstdint>
#include <string_view>

#include "proto/messages.hpp"

namespace jobpool::broker {

// Large arguments counted otherwise in earlier versions.
enum class FingerprintsOf { this_version, earlier_versions };
std::uint64_t hash_of(const proto::Submission& job, FingerprintsOf version = FingerprintsOf::this_version);

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
std::uint64_t fingerprint(const proto::Submission& job, std::uint64_t arguments_hash);

}  // namespace jobpool::broker
