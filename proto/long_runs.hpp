// Where in a large text long runs of bytes are that stand for themselves in a JSON string: ordinary ones and well-formed UTF-8. Whoever
// comes by the text while it is in the processor's cache notes them; who checks it later passes over them unseen, and unfetched from
// memory. Pure; one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace jobpool::proto {

class LongRuns {
 public:
  // From the text's beginning; in ascending order. Shorter ones are not worth noting.
  void add(std::size_t begin, std::size_t end) {
    if (!runs_.empty() && runs_.back().second == begin)
      runs_.back().second = end;
    else if (end - begin >= kLongBytes)
      runs_.emplace_back(begin, end);
  }
  void clear() { runs_.clear(); }
  bool empty() const { return runs_.empty(); }

  // Where the run ends in which `at` is; `at` where it is in none.
  std::size_t behind(std::size_t at) const {
    const auto next =
        std::upper_bound(runs_.begin(), runs_.end(), at, [](std::size_t place, const Run& run) { return place < run.second; });
    return next != runs_.end() && next->first <= at ? next->second : at;
  }

 private:
  using Run = std::pair<std::size_t, std::size_t>;
  static constexpr std::size_t kLongBytes = 4096;

  std::vector<Run> runs_;
};

}  // namespace jobpool::proto
