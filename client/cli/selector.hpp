// Which jobs are meant: `12`, `3,5-8`, `last`, `all`. Parsing is pure; resolving asks the daemon only where the words need it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

struct Selection {
  struct Range {
    std::uint64_t first, last;
  };
  std::vector<Range> ranges;  // a single id is a range of one
  bool last = false;
  bool all = false;

  // One id after the other, so that no list is needed to know what is meant.
  bool is_plain() const;
};

// What a verb says that was given none.
inline constexpr std::string_view kNoJobsNamed = "name the jobs: ids, lists like 3,5-8, last or all";

// Errors: invalid_argument, naming the word.
Result<Selection> parse_selection(std::span<const std::string> words);

// `known` lists the ids of all jobs, ascending; it is called only when the selection is not plain. Single ids are taken as they are (the
// daemon will say that there is no such job); of ranges, those that exist. In the order given, each once.
// Errors: not_found: nothing fits; those of `known`.
Result<std::vector<JobId>> resolve_selection(const Selection& selection, const std::function<Result<std::vector<JobId>>()>& known);

}  // namespace jobpool::cli
