// See map_work.hpp.
#include "client/cli/map_work.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "client/cli/function_arguments.hpp"
#include "common/clock.hpp"

namespace jobpool::cli {
namespace {

// How long a chunk should take whose size nobody gave: long enough that its own cost is lost in it, short enough that a reader of the
// results sees them flow.
constexpr std::chrono::milliseconds kUsualChunkTime{20};

std::size_t bytes_of(const Item& item) {
  std::size_t bytes = 0;
  for (const std::string& column : item.columns) bytes += column.size() + 4;
  return bytes;
}

}  // namespace

MapWork::MapWork(client::Connections* connections, ItemSource source, Template words, MapTerms terms, const JobLog* log, int stop,
                 OutputHolder* outputs)
    : connections_(connections),
      source_(std::move(source)),
      words_(std::move(words)),
      job_(std::move(terms.job)),
      retries_(job_.function ? std::exchange(job_.retries, 0) : 0),
      chunk_(terms.chunk),
      most_in_chunk_(terms.most_in_chunk),
      log_(log),
      stop_(stop),
      outputs_(outputs) {}

std::vector<std::string> MapWork::command_of(const Item& item) const {
  std::vector<std::string> words = words_.fill(item);
  if (job_.function) words.insert(words.begin(), "@" + *job_.function);
  return words;
}

std::vector<std::string> MapWork::logged_command_of(const Item& item) const {
  return command_of({item.columns, item.number, 0, item.ends});
}

Result<void> check_command(const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (word.find('\0') != std::string::npos)
      return Error{Errc::invalid_argument, "a zero byte, which no command can be given; with -0 items end with one"};
  return {};
}

Result<std::optional<Item>> next_line(ItemSource& source, std::size_t items) {
  Item line;
  for (std::size_t parts = 0; parts < items; ++parts) {
    auto columns = source.next();
    if (!columns) return columns.error();
    if (!*columns) break;
    line.columns.insert(line.columns.end(), std::make_move_iterator((*columns)->begin()), std::make_move_iterator((*columns)->end()));
    if (items > 1) line.ends.push_back(line.columns.size());
  }
  if (line.columns.empty()) return std::optional<Item>{};
  return std::optional{std::move(line)};
}

Result<std::optional<Item>> MapWork::read_line(std::size_t slot) {
  auto line = next_line(source_, is_function() ? 1 : chunk_.value_or(1));
  if (!line || !*line) return line;
  (*line)->number = ++numbers_;
  (*line)->slot = slot;
  return line;
}

Result<std::optional<Item>> MapWork::read_item(std::size_t slot) {
  for (;;) {
    auto item = read_line(slot);
    if (!item || !*item || log_ == nullptr) return item;
    const Result<bool> known = log_->has((*item)->number, logged_command_of(**item));
    if (!known) return known.error();
    if (!*known) return item;
    ++skipped_;
  }
}

// What is there already is not kept waiting for more.
Result<std::optional<MapTask>> MapWork::read(std::size_t slot) {
  if (failure_) return *failure_;
  MapTask task;
  const std::size_t wanted = is_function() ? room_in_chunk() : 1;
  for (std::size_t bytes = 0; task.items.size() < wanted && bytes < client::kMaxChunkBytes;) {
    if (!task.items.empty() && source_.would_wait()) break;
    auto item = read_item(slot);
    if (!item) failure_ = item.error();
    if (!item && task.items.empty()) return *failure_;
    if (!item || !*item) break;
    bytes += bytes_of(**item);
    task.items.push_back(std::move(**item));
  }
  if (task.items.empty()) return std::optional<MapTask>{};
  return std::optional{std::move(task)};
}

MapTaskEnd MapWork::perform(const MapTask& task) {
  MapTaskEnd end;
  end.places.resize(task.items.size());
  end.is_function = is_function();
  const TimePoint begin = Clock::now();
  end.started_usec = wall_usec();
  if (is_function()) {
    run_items(task, end);
  } else {
    run_command(task, end);
  }
  end.ended_usec = wall_usec();
  adapt(task.items.size(), std::chrono::duration_cast<Microseconds>(Clock::now() - begin));
  return end;
}

void MapWork::run_command(const MapTask& task, MapTaskEnd& end) const {
  proto::Submission job = job_;
  job.command = words_.fill(task.items.front());
  if (auto checked = check_command(job.command); !checked) {
    end.refusals.push_back(checked.error());
    return;
  }
  job.key += "-" + std::to_string(task.items.front().number);
  Result<proto::Ending> ending = client::apply(*connections_, job, stop_);
  if (!ending && ending.error().code != Errc::invalid_argument) {
    end.lost = ending.error();
  } else if (!ending) {
    end.refusals.push_back(ending.error());
  } else {
    end.places.front().end = 0;
    hold_outputs(*ending, end);
    end.ends.push_back(client::ChunkEnd::of(std::move(*ending), 1));
  }
}

void MapWork::hold_outputs(proto::Ending& ending, MapTaskEnd& end) const {
  if (outputs_ == nullptr) return;
  for (const OutputStream stream : {OutputStream::standard_output, OutputStream::standard_error}) {
    const bool is_output = stream == OutputStream::standard_output;
    HeldOutput held = outputs_->hold(ending.id, is_output ? ending.standard_output : ending.standard_error, stream);
    if (held.cut) end.unread = held.cut;
    end.outputs[is_output ? 0 : 1] = std::move(held);
  }
}

// Of those that can be sent; the others are refused. Returns which they are.
std::vector<std::size_t> MapWork::append_items(const MapTask& task, const std::vector<std::size_t>& which, std::string& items,
                                               MapTaskEnd& end) const {
  std::vector<std::size_t> sent;
  sent.reserve(which.size());
  items = '[';
  for (const std::size_t index : which) {
    const Item& item = task.items[index];
    const std::size_t before = items.size();
    if (!sent.empty()) items += ',';
    const auto appended =
        words_.is_empty() ? append_function_arguments(items, item.columns) : append_function_arguments(items, words_.fill(item));
    if (!appended) {
      items.resize(before);
      end.places[index] = {std::nullopt, end.refusals.size()};
      end.refusals.push_back(appended.error());
      continue;
    }
    sent.push_back(index);
  }
  items += ']';
  return sent;
}

// What failed is tried again without what did not; after a crash, which took all of them along, each by itself.
void MapWork::run_items(const MapTask& task, MapTaskEnd& end) const {
  Round round;
  round.which.resize(task.items.size());
  std::iota(round.which.begin(), round.which.end(), 0);
  while (!round.which.empty() && !end.lost) {
    round = run_round(task, round, end);
    end.is_whole = end.is_whole || !end.lost;
  }
}

// All of it after one wait, however many jobs it is.
MapWork::Round MapWork::run_round(const MapTask& task, const Round& round, MapTaskEnd& end) const {
  Round again{{}, round.attempt + 1, round.is_alone};
  if (!round.is_alone) {
    run_chunk(task, round.which, round.attempt, BackOff::wait, again, end);
    return again;
  }
  for (std::size_t i = 0; i < round.which.size() && !end.lost; ++i)
    run_chunk(task, {round.which[i]}, round.attempt, i == 0 ? BackOff::wait : BackOff::waited, again, end);
  return again;
}

void MapWork::run_chunk(const MapTask& task, const std::vector<std::size_t>& which, int attempt, BackOff back_off, Round& again,
                        MapTaskEnd& end) const {
  proto::Submission job = job_;
  const std::vector<std::size_t> sent = append_items(task, which, job.items.emplace(), end);
  if (sent.empty()) return;
  job.key += "-" + std::to_string(task.items[sent.front()].number) + (attempt > 0 ? "-" + std::to_string(attempt) : "");
  if (attempt > 0) {
    constexpr int kMostDoublings = 20;
    job.at_usec.reset();
    job.delay = back_off == BackOff::wait
                    ? std::min(job.backoff * (std::int64_t{1} << std::min(attempt - 1, kMostDoublings)), proto::kMaxBackoff)
                    : Microseconds{0};
  }
  Result<proto::Ending> ending = client::apply(*connections_, job, stop_);
  if (!ending && ending.error().code != Errc::invalid_argument) {
    end.lost = ending.error();
    return;
  }
  if (!ending) {
    for (const std::size_t index : sent) end.places[index] = {std::nullopt, end.refusals.size()};
    end.refusals.push_back(ending.error());
    return;
  }
  const bool may_retry = attempt < retries_ && ending->outcome != Outcome::cancelled;
  end.ends.push_back(client::ChunkEnd::of(std::move(*ending), sent.size()));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    end.places[sent[i]] = {end.ends.size() - 1, i};
    if (may_retry && !end.ends.back().result(i)) again.which.push_back(sent[i]);
  }
  again.is_alone = again.is_alone || end.ends.back().has_failed_whole();
}

void MapWork::adapt(std::size_t items, Microseconds took) {
  const std::size_t now = adapted_.load(std::memory_order_relaxed);
  if (items < now) return;  // the last, or one of an input that comes in drops
  if (took < kUsualChunkTime / 2) adapted_.store(std::min(now * 2, most_in_chunk_), std::memory_order_relaxed);
  if (took > kUsualChunkTime * 2) adapted_.store(std::max<std::size_t>(now / 2, 1), std::memory_order_relaxed);
}

}  // namespace jobpool::cli
