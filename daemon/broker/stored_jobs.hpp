// From the core's job to the store's records, and back. Pure.
#pragma once

#include "daemon/broker/core/effect.hpp"
#include "daemon/broker/store/records.hpp"

namespace jobpool::broker {

JobRecord record_of(const Job& job, const Save& accepted, const JobNotes& notes);

// As the store knows it: earlier attempts, the last one (open or ended) in the job's own fields, and how it ended.
Job restored_job(StoredJob stored);

}  // namespace jobpool::broker
