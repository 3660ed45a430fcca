// MapResult: the batch's end, then that of each chunk.
#include "jobpool/map_result.hpp"

#include "client/lib/chunk_call.hpp"
#include "client/lib/raise.hpp"
#include "jobpool/errors.hpp"

namespace jobpool {
namespace {

// Of a batch that did not succeed: the first item that failed, told by its place among all of them.
[[noreturn]] void raise_first(const client::ChunkEnd& end, std::size_t items_before) {
  const proto::Ending& ending = end.ending();
  for (std::size_t index = 0; index < end.size(); ++index)
    if (const proto::ItemError* error = end.error(index))
      throw ItemFailed(items_before + index, ending.id.value, error->error_type, error->reason);
  if (ending.outcome == Outcome::interrupted || ending.outcome == Outcome::cancelled) client::raise_unless_succeeded(ending);
  const std::string type = ending.error_type.empty() ? std::string{to_string(ending.outcome)} : ending.error_type;
  throw ItemFailed(items_before, ending.id.value, type, ending.reason);
}

}  // namespace

std::vector<std::string> MapResult::get_chunks(Timeout timeout) const {
  const proto::Ending batch = client::get_ending(*connections_, JobId{batch_.id()}, timeout);
  if (batch.chunks.empty()) client::raise_unless_succeeded(batch);  // nothing is left of it
  if (batch.chunks.empty()) throw InvalidCall("job " + std::to_string(batch_.id()) + " is no batch");
  std::vector<std::string> results;
  std::size_t items = 0;
  for (const JobId id : batch.chunks) {
    proto::Ending ending = client::get_ending(*connections_, id, {});
    const bool succeeded = ending.outcome == Outcome::succeeded;
    std::string text = ending.result.value_or("");
    const std::size_t count = client::items_in(text);
    if (!succeeded) raise_first(client::ChunkEnd::of(std::move(ending), count), items);
    items += count;
    results.push_back(std::move(text));
  }
  return results;
}

std::vector<std::string_view> MapResult::chunk_results(std::string_view chunk) {
  return client::value_or_raise(proto::read_chunk_result(chunk)).results;
}

}  // namespace jobpool
