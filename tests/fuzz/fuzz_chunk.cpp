// Fuzzes what chunks of maps and their results are read by: the protocol's reader and the worker's scan find the same items in the same
// text, and whatever a worker may have joined is read or refused, and never read beyond.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/worker/function/first_argument.hpp"
#include "proto/chunk.hpp"
#include "proto/json_reader.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;

namespace {

std::vector<std::string_view> scanned(std::string_view text, bool& is_sound) {
  worker::Elements reader(text);
  std::vector<std::string_view> all;
  while (const auto element = reader.next()) all.push_back(*element);
  is_sound = reader.is_sound();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  bool is_sound = false;
  const auto found = scanned(text, is_sound);
  for (const std::string_view element : found)
    require(element.empty() || (element.data() >= text.data() && element.data() + element.size() <= text.data() + text.size()),
            "an element outside of the text");
  if (const auto elements = proto::read_elements(text)) {
    require(is_sound && found == *elements, "the scan finds other elements than the reader");
    const auto first = worker::first_argument(text);
    require(first && (elements->empty() ? first->empty() : *first == elements->front()), "another first element");
  }
  if (proto::is_chunk(text)) {
    require(proto::is_json_array(text) && !found.empty(), "a chunk that is no array, or without items");
    for (const std::string_view item : found) require(proto::is_json_array(item), "an item of a chunk that is no array");
  }
  if (const auto words = proto::read_command_line(text)) {
    require(proto::is_chunk(text) && !words->empty() && !words->front().empty(), "a command line that is no chunk, or runs nothing");
    const auto again = proto::read_command_line(proto::write_command_line(*words));
    require(again && *again == *words, "a command line that does not come back");
  }
  if (const auto result = proto::read_chunk_result(text)) {
    for (const std::string_view one : result->results) require(!one.empty(), "a result that is nothing");
    for (const proto::ItemError& error : result->errors) require(error.index < result->results.size(), "an error of no item");
  }
  return 0;
}
