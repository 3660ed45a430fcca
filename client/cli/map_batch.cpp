// See map_batch.hpp.
#include "client/cli/map_batch.hpp"

#include <algorithm>
#include <utility>

#include "client/cli/function_arguments.hpp"
#include "client/cli/map_work.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/chunk_call.hpp"
#include "client/lib/inherited.hpp"
#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"
#include "proto/chunk.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

Result<std::size_t> chunk_for(Context& context, const ItemSource& source, const std::string& pool) {
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return connections.error();
  const Result<std::size_t> workers = client::workers_of(**connections, pool);
  if (!workers) return workers.error();
  return client::chunk_size_for(source.count().value_or(0), *workers);
}

Result<std::vector<std::string>> checked(std::vector<std::string> chunks) {
  if (chunks.empty()) return Error{Errc::invalid_argument, "a batch needs at least one item"};
  if (chunks.size() > proto::kMaxChunks)
    return Error{Errc::invalid_argument, "these are " + std::to_string(chunks.size()) + " jobs, and a batch has " +
                                             std::to_string(proto::kMaxChunks) + " at most; use a larger -n"};
  return chunks;
}

// A command line for each `size` items.
Result<std::vector<std::string>> lines_of(ItemSource& source, const Template& words, std::size_t size) {
  std::vector<std::string> lines;
  for (;;) {
    auto line = next_line(source, size);
    if (!line) return line.error();
    if (!*line) return checked(std::move(lines));
    (*line)->number = lines.size() + 1;
    (*line)->slot = 1;
    const std::vector<std::string> filled = words.fill(**line);
    if (auto checked = check_command(filled); !checked)
      return Error{checked.error().code, "item " + std::to_string((*line)->number) + ": " + checked.error().text};
    if (!std::ranges::all_of(filled, proto::is_protocol_text))
      return Error{Errc::invalid_argument,
                   "item " + std::to_string((*line)->number) + ": not UTF-8, which a batch cannot carry; run the map without --async"};
    lines.push_back(proto::write_command_line(filled));
  }
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
  return checked(std::move(chunks));
}

}  // namespace

int submit_batch(Context& context, ItemSource source, const Template& words, proto::Submission job, std::size_t chunk) {
  if (auto loaded = source.load(); !loaded) return fail(loaded.error());
  const bool is_function = job.function.has_value();
  if (chunk == 0 && !is_function) chunk = 1;
  if (chunk == 0) {
    const Result<std::size_t> size = chunk_for(context, source, job.pool);
    if (!size) return fail(size.error());
    chunk = *size;
  }
  Result<std::vector<std::string>> chunks = is_function ? chunks_of(source, words, chunk) : lines_of(source, words, chunk);
  if (!chunks) {
    tell(chunks.error().text);
    return chunks.error().code == Errc::invalid_argument ? kExitUsage : kExitFailed;
  }
  job.arguments = "[]";
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  if (auto settled = client::settle_inherited(**connections, job, client::kNever); !settled) return fail(settled.error());
  const Result<client::Reply> reply =
      context.wait("org.jobpool.Pool.Map", proto::write_map({std::move(job), std::move(*chunks)}), client::Resend::same_instance);
  if (!reply) return fail(reply.error());
  const Result<JobId> id = proto::read_accepted(reply->parameters);
  if (!id) return fail(id.error());
  const std::string number = std::to_string(id->value);
  return print_done(context.json ? "{\"id\":" + number + "}\n" : number + "\n", "job " + number + " was submitted");
}

}  // namespace jobpool::cli
