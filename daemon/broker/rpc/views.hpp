// From the core's job to the protocol's: what callers are shown. Pure, but for reading output files.
#pragma once

#include <string>
#include <vector>

#include "daemon/broker/core/job_core.hpp"
#include "proto/event_messages.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

// What is known of a job of this core but its result and output.
proto::Job job_view(const Job& job, const JobCore& core);
// How long it was in each state, and when, up to now. `blocked_since_usec`: it waits at a queue; 0: it does not.
enum class WithHistory { yes, no };
void add_times(proto::Job& view, const Job& job, const JobCore& core, std::int64_t now_usec, std::int64_t blocked_since_usec,
               WithHistory history);
// All its starts that are known, oldest first.
std::vector<proto::Attempt> attempts_view(const Job& job);

// What it waits for, in words; empty: nothing.
std::string condition_of(const Job& job, const JobCore& core);

// An end that is not yet where it survives is not told to anybody: the job looks as if it still ran. One that its paused pool holds back
// waits for that.
JobState shown_state(const Job& job, const JobCore& core);

// What is told of a job that has just come into this state.
proto::Event job_event(const Job& job, JobState to, const JobCore& core, std::int64_t now_usec);

// How a job ended. `result`: its JSON text, empty: none. Requires: done.
proto::Ending ending_view(const Job& job, std::string result);
// That has nothing to say but the result.
bool has_returned(const Job& job);

// The end of a job whose record died with a broker.
proto::Ending lost_ending(JobId id);

// "make -j4", "@square(7)": for people; cut at 200 bytes.
std::string describe(const proto::Submission& submission);
std::string_view describe_chunk(std::string_view function, std::string_view items, std::string& room);  // "map @square([7],[8])", in `room`

}  // namespace jobpool::broker
