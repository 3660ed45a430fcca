// Everything a Store holds as one text, field by field: two stores hold the same when their texts are equal. For tests only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/broker/store/store.hpp"

namespace jobpool::testing {

std::string text_of(const broker::StoredJob& job);
std::string text_of(const broker::PoolRecord& pool);

// `result_of` is asked for the result of each job that has ended.
std::string text_of(const std::vector<broker::StoredJob>& jobs, const std::function<std::string(JobId)>& result_of);

// The result, waited for through collect(), or "error: …".
std::string result_of(broker::Store& store, JobId job);
// A job as it was accepted, or the error.
std::string record_of(broker::Store& store, JobId job);

// load_pools(), load() and all results, or "error: …". Requires: what load() requires.
std::string text_of(broker::Store& store);

}  // namespace jobpool::testing
