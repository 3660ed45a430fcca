// Reads the store's tables back into values, and believes nothing that is out of its range. Whoever holds the connection.
#pragma once

#include <string>
#include <vector>

#include "daemon/broker/store/records.hpp"
#include "daemon/broker/store/result_files.hpp"
#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::broker {

// All jobs, ascending by id. Errors: io; protocol (a value that no version of ours writes, a row without its job).
Result<std::vector<StoredJob>> read_jobs(const Database& database);

// All pools, ascending by number. Errors: as read_jobs().
Result<std::vector<PoolRecord>> read_pools(const Database& database);

// Errors: not_found (no such job, or not ended), io, protocol.
Result<std::string> read_result(const Database& database, const ResultFiles& files, JobId job);

// As it was accepted, with its payload. Errors: likewise.
Result<JobRecord> read_job(const Database& database, JobId job);

// The jobs whose results are in files, ascending. Errors: io.
Result<std::vector<JobId>> jobs_with_result_files(const Database& database);

}  // namespace jobpool::broker
