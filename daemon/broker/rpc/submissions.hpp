// From the protocol's Submission to the core's Submit: what Apply, ApplyAsync, ApplyAll and Map share. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/broker/core/event.hpp"
#include "daemon/broker/core/pool_table.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

// All of it but what the call and its connection say. Takes what it needs out of a command's job.
Submit event_of(proto::Submission& job, Mode mode);

// Of what runs, when and how often, as its caller said it: not of what the daemon adds, which another one may see otherwise. Names and
// graces are no part of that.
// Large arguments counted otherwise in earlier versions.
enum class FingerprintsOf { this_version, earlier_versions };
std::uint64_t hash_of(const proto::Submission& job, FingerprintsOf version = FingerprintsOf::this_version);

// The same of a retry.
std::uint64_t hash_of_retry(JobId retried);

// The parameters of InvalidJob, where the pool's workers have threads and it is a command; else empty.
std::string refusal_by_threads(const proto::Submission& job, const CorePool& pool);

// Of a chunk, of the fingerprint of what it has in common with the others.
std::uint64_t hash_of_chunk(std::uint64_t of_all, std::string_view items);

// About what so many chunks with these terms take in memory, but for their items: each has the environment, the folder and the
// dependencies of all.
std::uint64_t bytes_of_chunks(const proto::Submission& job, std::size_t chunks);

// The parameters of InvalidJob.
std::string invalid_job(std::string_view field, std::string_view reason);

}  // namespace jobpool::broker
