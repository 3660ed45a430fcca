// Pool's maps: plans for MapCalls, and batches.
#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "client/lib/chunk_call.hpp"
#include "client/lib/key.hpp"
#include "client/lib/map_calls.hpp"
#include "client/lib/raise.hpp"
#include "client/lib/submission.hpp"
#include "jobpool/errors.hpp"
#include "jobpool/pool.hpp"

namespace jobpool {
namespace {

constexpr std::size_t kCallsPerWorker = 2;  // one runs, one is on its way
constexpr std::size_t kMostCalls = 64;      // each has a thread and a connection
constexpr std::size_t kChunksPerWorker = 4;
constexpr std::size_t kChunksAtOnce = 256;

proto::Submission map_job(const std::string& pool, const SubmitOptions& options, std::string_view function) {
  proto::Submission job = client::function_submission(pool, function, "[]");
  client::apply_options(options, job);
  return job;
}

client::MapPlan plan_of(proto::Submission job, std::size_t workers, MapOptions options) {
  client::MapPlan plan;
  plan.job = std::move(job);
  plan.chunk_size = std::max<std::size_t>(options.chunk_size, 1);
  plan.slots = std::clamp(workers * kCallsPerWorker, kCallsPerWorker, kMostCalls);
  plan.buffer = options.buffer > 0 ? options.buffer : workers * kChunksPerWorker;
  plan.buffer = std::max(plan.buffer, plan.slots);
  return plan;
}

}  // namespace

MapTexts Pool::imap_texts(std::string_view function, NextItem next, MapOptions options, Results results) const {
  const std::size_t workers = client::value_or_raise(client::workers_of(*connections_, name_));
  client::MapPlan plan = plan_of(map_job(name_, options_, function), workers, options);
  plan.order = results == Results::in_order ? client::Order::of_tasks : client::Order::as_they_come;
  return MapTexts{std::make_unique<client::MapCalls>(connections_, std::move(plan), std::move(next))};
}

// As multiprocessing: the others end first.
void Pool::map_texts(std::string_view function, NextItem next, std::size_t count, MapOptions options,
                     const std::function<void(std::string_view)>& take) const {
  const std::size_t workers = client::value_or_raise(client::workers_of(*connections_, name_));
  if (options.chunk_size == 0) options.chunk_size = client::chunk_size_for(count, workers);
  client::MapPlan plan = plan_of(map_job(name_, options_, function), workers, options);
  plan.at_once = kChunksAtOnce;  // all items are there
  plan.buffer = std::max(plan.buffer, plan.slots * kChunksAtOnce);
  client::MapCalls calls(connections_, std::move(plan), std::move(next));
  std::exception_ptr first;
  for (bool is_over = false; !is_over;) {
    try {
      const std::optional<std::string_view> result = calls.next();
      is_over = !result;
      if (result && !first) take(*result);
    } catch (const JobFailed&) {
      if (!first) first = std::current_exception();
    } catch (const Interrupted&) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

MapResult Pool::map_async_texts(std::string_view function, const NextItem& next, std::size_t count, MapOptions options) const {
  if (options.chunk_size == 0) {
    const std::size_t workers = client::value_or_raise(client::workers_of(*connections_, name_));
    options.chunk_size = client::chunk_size_for(count, workers);
  }
  proto::MapRequest request{map_job(name_, options_, function), {}};
  client::ChunkCutter cutter(request.chunks, options.chunk_size);
  std::string item;
  for (; next(item); item.clear()) cutter.add(item);
  cutter.finish();
  if (request.chunks.empty()) throw InvalidCall("a batch needs at least one item");
  const proto::JsonObject answer =
      client::ask(*connections_, "org.jobpool.Pool.Map", proto::write_map(request), client::Resend::same_instance);
  return MapResult{connections_, AsyncResult{connections_, client::value_or_raise(proto::read_accepted(answer)).value}};
}

}  // namespace jobpool
