// From the core's job to the protocol's: what callers are shown. Pure, but for reading output files.
#pragma once

#include <string>
#include <vector>

#include "daemon/broker/core/job.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

// What is known of a job but its result and output. `missing`: those it still waits for; null: none.
proto::Job job_view(const Job& job, const Dependencies* missing);
// All its starts that are known, oldest first.
std::vector<proto::Attempt> attempts_view(const Job& job);

// An end that is not yet where it survives is not told to anybody: the job looks as if it still ran.
JobState shown_state(const Job& job);

// How a job ended. `result`: its JSON text, empty: none. Requires: done.
proto::Ending ending_view(const Job& job, std::string result);

// The end of a job whose record died with a broker.
proto::Ending lost_ending(JobId id);

// "make -j4", "@square(7)": for people; cut at 200 bytes.
std::string describe(const proto::Submission& submission);

}  // namespace jobpool::broker
