// ApplyAll: the chunks of a map in one call, and their ends in its replies, as C++ types. Reading and writing as in messages.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "proto/messages.hpp"

namespace jobpool::proto {

struct Chunk {
  std::int64_t number = 0;  // no other chunk of the call has it
  std::string items;        // as in Submission
};

struct ApplyAllRequest {
  Submission job;             // its function, and the terms of each chunk
  std::vector<Chunk> chunks;  // 1 to kMaxChunks
};
Result<ApplyAllRequest> read_apply_all(JsonText parameters);
std::string write_apply_all(const ApplyAllRequest& request);

// The key of one of its chunks, in `room`; empty where the job has none.
std::string_view chunk_key(std::string_view job_key, std::int64_t number, std::string& room);

struct ChunkEnding {
  std::int64_t number = 0;
  std::optional<Ending> ending;   // absent: it was refused
  std::string error, parameters;  // the Varlink error's name, and JSON text of its parameters
};
std::string write_chunk_endings(const std::vector<ChunkEnding>& endings);  // {"endings": [{…}]}
// The same, one after the other, so that there need not be many of them at once.
class ChunkEndingsWriter {
 public:
  explicit ChunkEndingsWriter(std::size_t expected) { text_.reserve(16 + 128 * expected); }  // so many, with small results
  void add(const ChunkEnding& one);
  // The same of a chunk that returned: its ending has an id and a result, and nothing else.
  void add_return(std::int64_t number, JobId id, std::string_view result);
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return text_.size(); }  // so far
  std::string finish() &&;

 private:
  std::string text_ = "{\"endings\":[";
  std::size_t count_ = 0;
};
Result<std::vector<ChunkEnding>> read_chunk_endings(JsonText parameters);

}  // namespace jobpool::proto
