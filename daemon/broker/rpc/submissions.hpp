// From the protocol's Submission to the core's Submit: what Apply, ApplyAsync, ApplyAll and Map share. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/broker/core/event.hpp"
#include "daemon/broker/core/pool_table.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

class LargeArguments;

// All of it but what the call and its connection say. Takes what it needs out of a command's job.
// `large`: what it was read with, for large arguments; null: nothing.
Submit event_of(proto::Submission& job, Mode mode, LargeArguments* large = nullptr);

inline shm::JobKind kind_of(const proto::Submission& job) { return job.function ? shm::JobKind::function : shm::JobKind::command; }

// The parameters of InvalidJob, where the pool's workers have threads and the job is a command; else empty.
std::string refusal_by_threads(shm::JobKind kind, const CorePool& pool);

// About what so many chunks with these terms take in memory, but for their items: each has the environment, the folder and the
// dependencies of all.
std::uint64_t bytes_of_chunks(const proto::Submission& job, std::size_t chunks);

// The parameters of InvalidJob, where so many chunks with these terms would come after more jobs, all taken together, than those of one
// call may; else empty.
std::string refusal_by_dependencies(const proto::Submission& job, std::size_t chunks);

// The parameters of InvalidJob.
std::string invalid_job(std::string_view field, std::string_view reason);

}  // namespace jobpool::broker
