// See map_run.hpp.
#include "client/cli/map_run.hpp"

#include <utility>

#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {

MapRun::MapRun(client::Connections& connections, ItemSource source, Make make, Order order, std::size_t slots, std::size_t buffer)
    : connections_(connections), make_(std::move(make)), order_(order), buffer_(buffer), source_(std::move(source)) {
  for (std::size_t slot = 1; slot <= slots; ++slot) threads_.emplace_back([this, slot] { serve(slot); });
}

MapRun::~MapRun() {
  {
    const std::lock_guard lock(mutex_);
    exhausted_ = true;
    room_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void MapRun::serve(std::size_t slot) {
  while (std::optional<Item> item = take_item(slot)) {
    End end{*item, run(*item)};
    const std::lock_guard lock(mutex_);
    ends_.emplace(item->number, std::move(end));
    ended_.notify_one();
  }
}

std::optional<Item> MapRun::take_item(std::size_t slot) {
  const std::lock_guard reading(source_mutex_);
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return exhausted_ || read_ - taken_ < buffer_; });
    if (exhausted_) return std::nullopt;
  }
  auto columns = source_.next();
  const std::lock_guard lock(mutex_);
  if (columns && *columns && !exhausted_) return Item{std::move(**columns), ++read_, slot};
  if (!columns) source_error_ = columns.error();
  exhausted_ = true;
  room_.notify_all();
  ended_.notify_all();
  return std::nullopt;
}

Result<proto::Ending> MapRun::run(const Item& item) {
  auto job = make_(item);
  if (!job) return job.error();
  client::RecoveringCall call(connections_, proto::write_call("org.jobpool.Pool.Apply", proto::write_submit(*job)),
                              client::Resend::same_instance);
  const Result<client::Reply> reply = call.finish(client::kNever);
  if (!reply) return reply.error();
  if (!reply->error.empty()) return client::describe_error(*reply);
  return proto::read_ending(reply->parameters);
}

Result<std::optional<MapRun::End>> MapRun::next() {
  std::unique_lock lock(mutex_);
  auto found = ends_.end();
  ended_.wait(lock, [&] {
    found = order_ == Order::of_items ? ends_.find(first_missing_) : ends_.begin();
    return found != ends_.end() || (exhausted_ && taken_ == read_);
  });
  if (found == ends_.end()) {
    if (source_error_) return *source_error_;
    return std::optional<End>{};
  }
  End end = std::move(found->second);
  ends_.erase(found);
  ++taken_;
  ++first_missing_;
  room_.notify_one();
  return std::optional{std::move(end)};
}

}  // namespace jobpool::cli
