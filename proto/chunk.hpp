// A chunk of a map and its result, as the interface file has them. Both sides of the protocol; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace jobpool::proto {

// JSON text of an array that is not empty, of arrays: the arguments of each item.
bool is_chunk(std::string_view text);

// The command line of a chunk of commands: JSON text of an array of one array of texts. Errors: protocol: it is none, or none that can run.
Result<std::vector<std::string>> read_command_line(std::string_view chunk);
std::string write_command_line(const std::vector<std::string>& words);

struct ItemError {
  std::size_t index = 0;  // its place in the chunk, from 0
  std::string error_type, reason;
};

struct ChunkResult {
  std::vector<std::string_view> results;  // JSON text of each, in the text that was read; "null" where there is an error
  std::vector<ItemError> errors;          // ascending by index
};
// Errors: protocol: it is none.
Result<ChunkResult> read_chunk_result(std::string_view text);

// Any JSON array. Errors: protocol: it is none.
Result<std::vector<std::string_view>> read_elements(std::string_view text);

}  // namespace jobpool::proto
