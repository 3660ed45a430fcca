// Slicing, by the reader that checks. See chunk.hpp.
#include "proto/chunk.hpp"

#include <algorithm>

#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"

namespace jobpool::proto {
namespace {

// What a worker joined may be nested deeper than what it was given; bounded for the sake of the stack.
constexpr int kMaxResultDepth = 8 * kMaxPayloadDepth;

bool read_item_error(JsonReader& reader, ItemError& error) {
  JsonText index;
  const bool is_good = reader.read_object([&](std::string_view key) {
    if (key == "index") return reader.read_text(index);
    if (key == "errorType") return reader.read_string(error.error_type);
    if (key == "reason") return reader.read_string(error.reason);
    return reader.skip_value();
  });
  const std::optional<std::int64_t> number = index.integer();
  if (!is_good || !number || *number < 0) return false;
  error.index = static_cast<std::size_t>(*number);
  return true;
}

bool read_slices(JsonReader& reader, std::vector<std::string_view>& slices) {
  return reader.read_array([&] { return reader.read_slice(slices.emplace_back()); });
}

// Each names another item, the next a later one.
bool are_in_order(const ChunkResult& result) {
  std::size_t least = 0;
  for (const ItemError& error : result.errors) {
    if (error.index < least || error.index >= result.results.size()) return false;
    least = error.index + 1;
  }
  return true;
}

}  // namespace

bool is_chunk(std::string_view text) {
  JsonReader reader(text, kMaxPayloadDepth);
  bool has_items = false;
  const bool is_good = reader.read_array([&] {
    has_items = true;
    return reader.peek() == '[' && reader.skip_value();
  });
  return is_good && has_items && reader.at_end();
}

Result<std::vector<std::string>> read_command_line(std::string_view chunk) {
  std::vector<std::string> words;
  JsonReader reader(chunk, kMaxPayloadDepth);
  std::size_t lines = 0;
  const bool is_good =
      reader.read_array([&] { return ++lines == 1 && reader.read_array([&] { return reader.read_string(words.emplace_back()); }); });
  const auto has_nul = [](const std::string& word) { return word.find('\0') != std::string::npos; };
  if (!is_good || !reader.at_end() || words.empty() || words.front().empty() || std::ranges::any_of(words, has_nul))
    return Error{Errc::protocol, "no command line"};
  return words;
}

std::string write_command_line(const std::vector<std::string>& words) {
  std::string out = "[[";
  for (const std::string& word : words) {
    if (out.size() > 2) out += ',';
    append_json_string(out, word);
  }
  return out + "]]";
}

Result<ChunkResult> read_chunk_result(std::string_view text) {
  ChunkResult result;
  JsonReader reader(text, kMaxResultDepth);
  const bool is_good = reader.read_object([&](std::string_view key) {
    if (key == "results") return read_slices(reader, result.results);
    if (key == "errors") return reader.read_array([&] { return read_item_error(reader, result.errors.emplace_back()); });
    return reader.skip_value();
  });
  if (!is_good || !reader.at_end() || !are_in_order(result)) return Error{Errc::protocol, "the result of a chunk is none"};
  return result;
}

Result<std::vector<std::string_view>> read_elements(std::string_view text) {
  std::vector<std::string_view> elements;
  JsonReader reader(text, kMaxResultDepth);
  if (!read_slices(reader, elements) || !reader.at_end()) return Error{Errc::protocol, "not a JSON array"};
  return elements;
}

}  // namespace jobpool::proto
