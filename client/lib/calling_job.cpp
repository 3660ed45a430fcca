// $JOBPOOL_JOB_ID as a number.
#include "client/lib/calling_job.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace jobpool::client {

std::optional<JobId> calling_job() {
  const char* text = std::getenv("JOBPOOL_JOB_ID");
  if (text == nullptr) return std::nullopt;
  const char* end = text + std::strlen(text);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text, end, number);
  if (error != std::errc{} || stop != end || number < 1) return std::nullopt;
  return JobId{static_cast<std::uint64_t>(number)};
}

}  // namespace jobpool::client
