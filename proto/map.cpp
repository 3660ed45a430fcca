// The request of Map: a batch, cut into chunks by its submitter.
#include <algorithm>

#include "proto/chunk.hpp"
#include "proto/fields.hpp"
#include "proto/json_string.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {

Result<MapRequest> read_map(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  MapRequest request;
  const auto object = fields.required_object("job");
  if (object) {
    Result<Submission> job = read_submission(*object);
    if (!job) return job.error();
    request.job = std::move(*job);
  }
  request.chunks = fields.texts("chunks", 1, kMaxChunks, kMaxPayloadBytes);
  if (!std::ranges::all_of(request.chunks, is_chunk)) fields.reject("chunks");
  return finished(fields, std::move(request));
}

std::string write_map(const MapRequest& request) {
  std::string out = "{\"job\":";
  append_submission(out, request.job);
  out += ",\"chunks\":[";
  for (std::size_t i = 0; i < request.chunks.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, request.chunks[i]);
  }
  return out + "]}";
}

}  // namespace jobpool::proto
