// Fuzzes what people type behind a verb: selectors, durations, function arguments.
//
//   input = words, each ended by a NUL (as the kernel hands them over)
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/cli/duration.hpp"
#include "client/cli/function_arguments.hpp"
#include "client/cli/selector.hpp"
#include "proto/json_reader.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;
using namespace jobpool::cli;

namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void select(const std::vector<std::string>& words) {
  const auto selection = parse_selection(words);
  if (!selection) return require(selection.error().code == Errc::invalid_argument, "another error than invalid_argument");
  const std::vector<JobId> known{JobId{1}, JobId{3}, JobId{4}, JobId{900}};
  auto chosen = resolve_selection(*selection, [&] { return Result<std::vector<JobId>>(known); });
  if (!chosen) return;
  std::ranges::sort(*chosen);
  require(!chosen->empty() && std::ranges::adjacent_find(*chosen) == chosen->end(), "a job is chosen twice");
  require(chosen->front().value > 0 && chosen->back().value <= INT64_MAX, "an id that the protocol cannot carry");
}

void measure(const std::string& word) {
  const auto duration = parse_duration(word);
  if (!duration) return;
  require(duration->count() >= 0 && *duration <= kLongestDuration, "a duration out of range");
  require(!show_duration(*duration).empty(), "a duration that cannot be shown");
}

// nlohmann's parser recurses less deep than words may nest; that is for the daemon to refuse.
bool may_be_too_deep(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return c == '[' || c == '{'; }) >= proto::kMaxPayloadDepth;
}

void call(const std::vector<std::string>& words) {
  const auto arguments = function_arguments(words);
  if (!arguments || may_be_too_deep(*arguments)) return;
  require(proto::is_json_array(*arguments), "arguments that the daemon refuses");
  const auto array = nlohmann::json::parse(*arguments, nullptr, false);
  require(array.is_array() && array.size() == words.size(), "not one argument a word");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> words = split({reinterpret_cast<const char*>(data), size});
  select(words);
  for (const std::string& word : words) measure(word);
  call(words);
  return 0;
}
