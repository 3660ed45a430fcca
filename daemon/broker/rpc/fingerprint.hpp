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

// For who copies large arguments anyway: their hash, made while they are in the processor's cache for that. `room`: where to; null:
// nowhere.
bool has_large_arguments(const proto::Submission& job);
std::uint64_t hash_of_large(std::string_view arguments, char* room = nullptr);
// Of all of it, with that.
std::uint64_t fingerprint(const proto::Submission& job, std::uint64_t arguments_hash);

}  // namespace jobpool::broker
