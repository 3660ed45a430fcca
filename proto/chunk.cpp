// Slicing, by the reader that checks. See chunk.hpp.
#include "proto/chunk.hpp"

#include "proto/json_reader.hpp"

namespace jobpool::proto {
namespace {

// What a worker joined may be nested deeper than what it was given; bounded for the sake of the stack.
constexpr int kMaxResultDepth = 8 * kMaxPayloadDepth;

bool read_item_error(JsonReader& reader, ItemError& error) {
  nlohmann::json index;
  const bool is_good = reader.read_object([&](const std::string& key) {
    if (key == "index") return reader.read_value(index);
    if (key == "errorType") return reader.read_string(error.error_type);
    if (key == "reason") return reader.read_string(error.reason);
    return reader.skip_value();
  });
  if (!is_good || !index.is_number_unsigned()) return false;
  error.index = index.get<std::size_t>();
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

Result<ChunkResult> read_chunk_result(std::string_view text) {
  ChunkResult result;
  JsonReader reader(text, kMaxResultDepth);
  const bool is_good = reader.read_object([&](const std::string& key) {
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
