// See map_batch.hpp.
#include "client/cli/map_batch.hpp"

#include <utility>

#include "client/cli/function_arguments.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/chunk_call.hpp"
#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

Result<std::size_t> chunk_for(Context& context, const ItemSource& source, const std::string& pool) {
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return connections.error();
  const Result<std::size_t> workers = client::workers_of(**connections, pool);
  if (!workers) return workers.error();
  return client::chunk_size_for(source.count().value_or(0), *workers);
}

Result<std::vector<std::string>> chunks_of(ItemSource& source, const Template& words, std::size_t size) {
  std::vector<std::string> chunks;
  client::ChunkCutter cutter(chunks, size);
  for (std::size_t number = 1;; ++number) {
    auto columns = source.next();
    if (!columns) return columns.error();
    if (!*columns) break;
    const Result<std::string> arguments = function_arguments(words.fill({std::move(**columns), number, 1}));
    if (!arguments) return Error{arguments.error().code, "item " + std::to_string(number) + ": " + arguments.error().text};
    cutter.add(*arguments);
  }
  cutter.finish();
  if (chunks.empty()) return Error{Errc::invalid_argument, "a batch needs at least one item"};
  if (chunks.size() > proto::kMaxChunks)
    return Error{Errc::invalid_argument, "these are " + std::to_string(chunks.size()) + " chunks, and a batch has " +
                                             std::to_string(proto::kMaxChunks) + " at most; use a larger -n"};
  return chunks;
}

}  // namespace

int submit_batch(Context& context, ItemSource source, const Template& words, proto::Submission job, std::size_t chunk) {
  if (auto loaded = source.load(); !loaded) return fail(loaded.error());
  if (chunk == 0) {
    const Result<std::size_t> size = chunk_for(context, source, job.pool);
    if (!size) return fail(size.error());
    chunk = *size;
  }
  Result<std::vector<std::string>> chunks = chunks_of(source, words, chunk);
  if (!chunks) {
    tell(chunks.error().text);
    return chunks.error().code == Errc::invalid_argument ? kExitUsage : kExitFailed;
  }
  job.arguments = "[]";
  const Result<client::Reply> reply =
      context.wait("org.jobpool.Pool.Map", proto::write_map({std::move(job), std::move(*chunks)}), client::Resend::same_instance);
  if (!reply) return fail(reply.error());
  const Result<JobId> id = proto::read_accepted(reply->parameters);
  return id ? print(std::to_string(id->value) + "\n") : fail(id.error());
}

}  // namespace jobpool::cli
