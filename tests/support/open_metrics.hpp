// A strict reader of the OpenMetrics text format, as far as a program may write it: what it refuses, a collector may refuse.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace jobpool::testing {

struct OpenMetrics {
  std::string fault;                      // empty: none; else the line and what is wrong with it
  std::map<std::string, double> samples;  // by name and labels as they are written: jobpool_jobs{pool="default",state="ready"}
};

// Held to: "# EOF" at the end and nothing behind it; each family's lines together, its metadata once and before its samples; names, labels,
// escapes and numbers well formed; a unit is what the name ends with; counters end in _total and are not negative; histograms have
// ascending buckets that never fall, an +Inf that is the count, a sum; no sample twice.
OpenMetrics read_open_metrics(std::string_view text);

}  // namespace jobpool::testing
