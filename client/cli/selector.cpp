// Reading selectors, and making ids of them.
#include "client/cli/selector.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace jobpool::cli {
namespace {

Error not_a_selector(std::string_view word) {
  return Error{Errc::invalid_argument, "'" + std::string{word} + "' selects no job: write an id, a list like 3,5-8, last or all"};
}

// Reads a job id from the front of `text`; false: there is none.
bool take_id(std::string_view& text, std::uint64_t& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || id == 0 || id > INT64_MAX) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

Result<Selection::Range> parse_part(std::string_view part, std::string_view word) {
  Selection::Range range{};
  if (!take_id(part, range.first)) return not_a_selector(word);
  range.last = range.first;
  if (part.empty()) return range;
  if (part.front() != '-') return not_a_selector(word);
  part.remove_prefix(1);
  if (!take_id(part, range.last) || !part.empty() || range.last < range.first) return not_a_selector(word);
  return range;
}

Result<void> parse_word(std::string_view word, Selection& selection) {
  std::string_view rest = word;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    if (part == "last") {
      selection.last = true;
    } else if (part == "all") {
      selection.all = true;
    } else {
      const Result<Selection::Range> range = parse_part(part, word);
      if (!range) return range.error();
      selection.ranges.push_back(*range);
    }
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

bool Selection::is_plain() const {
  return !last && !all && std::all_of(ranges.begin(), ranges.end(), [](const Range& range) { return range.first == range.last; });
}

Result<Selection> parse_selection(std::span<const std::string> words) {
  Selection selection;
  for (const std::string& word : words)
    if (auto parsed = parse_word(word, selection); !parsed) return parsed.error();
  return selection;
}

Result<std::vector<JobId>> resolve_selection(const Selection& selection, const std::function<Result<std::vector<JobId>>()>& known) {
  std::vector<JobId> existing;
  if (!selection.is_plain()) {
    Result<std::vector<JobId>> listed = known();
    if (!listed) return listed.error();
    existing = std::move(*listed);
  }
  std::vector<JobId> chosen;
  std::unordered_set<JobId> seen;
  const auto choose = [&](JobId id) {
    if (seen.insert(id).second) chosen.push_back(id);
  };
  for (const Selection::Range& range : selection.ranges) {
    if (range.first == range.last) choose(JobId{range.first});
    auto at = std::lower_bound(existing.begin(), existing.end(), JobId{range.first});
    for (; range.first != range.last && at != existing.end() && at->value <= range.last; ++at) choose(*at);
  }
  if (selection.last && !existing.empty()) choose(existing.back());
  if (selection.all) std::for_each(existing.begin(), existing.end(), choose);
  if (chosen.empty()) return Error{Errc::not_found, "no job fits the selection; 'jobpool list' shows what there is"};
  return chosen;
}

}  // namespace jobpool::cli
