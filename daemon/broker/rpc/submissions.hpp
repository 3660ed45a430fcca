// From the protocol's Submission to the core's Submit: what Apply, ApplyAsync and Map share. Private to this folder.
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
std::uint64_t hash_of(const proto::Submission& job);

// The same of a retry.
std::uint64_t hash_of_retry(JobId retried);

// The parameters of InvalidJob, where the pool's workers have threads and it is a command; else empty.
std::string refusal_by_threads(const proto::Submission& job, const CorePool& pool);

// The parameters of InvalidJob.
std::string invalid_job(std::string_view field, std::string_view reason);

}  // namespace jobpool::broker
