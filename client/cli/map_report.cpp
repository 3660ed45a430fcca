// See map_report.hpp.
#include "client/cli/map_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "client/cli/exit_code.hpp"
#include "client/cli/tell.hpp"
#include "proto/json_writer.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kMostUnwritten = 256 * 1024;

// Of a chunk's items nobody knows how long each took: each gets its share.
void share_time(const MapTaskEnd& all, std::size_t index, MapEnd& end) {
  const auto count = static_cast<std::int64_t>(all.places.size()), at = static_cast<std::int64_t>(index);
  const std::int64_t took = all.ended_usec - all.started_usec;
  end.started_usec = all.started_usec + took * at / count;
  end.ended_usec = all.started_usec + took * (at + 1) / count;
}

// As end_of() will tell it.
bool has_failed(const MapTaskEnd& all, std::size_t index) {
  const MapTaskEnd::Place& place = all.places[index];
  if (!place.end || all.unread) return true;
  const client::ChunkEnd& chunk = all.ends[*place.end];
  if (chunk.result(place.index)) return false;
  return chunk.error(place.index) != nullptr || exit_code(chunk.ending()) != 0;
}

MapEnd end_of(const MapTask& task, const MapTaskEnd& all, std::size_t index) {
  MapEnd end{.item = task.items[index], .is_function = all.is_function, .why = {}};
  share_time(all, index, end);
  const MapTaskEnd::Place& place = all.places[index];
  if (!place.end) {
    end.exit_code = kExitUsage;
    end.why = all.refusals[place.index].text;
    return end;
  }
  const client::ChunkEnd& chunk = all.ends[*place.end];
  const proto::Ending& ending = chunk.ending();
  end.ending = &ending;
  end.job = ending.id.value;
  if (const auto result = chunk.result(place.index)) {
    end.result = *result;
    end.received = end.result.size();
    return end;
  }
  end.error = chunk.error(place.index);
  if (end.error != nullptr) {
    end.exit_code = 1;
    end.why = end.error->error_type + ": " + end.error->reason;
    return end;
  }
  end.exit_code = exit_code(ending);
  end.signal = ending.signal.value_or(0);
  if (end.exit_code != 0) end.why = ending_message(ending);
  end.received = all.outputs[0].size + ending.standard_output.bytes.size();
  if (all.unread) {
    if (end.exit_code == 0) end.exit_code = kExitFailed;
    end.why = "only the beginning of its output could be read: " + all.unread->text;
  }
  // What took a whole chunk along was in one of its items, and the reason says which.
  if (chunk.size() > 1 && ending.outcome == Outcome::crashed && !ending.reason.empty())
    end.why = "job " + std::to_string(end.job) + ": crashed: " + ending.reason;
  return end;
}

}  // namespace

std::optional<HaltRule::Haste> MapReport::count(MapTaskEnd& end) {
  std::optional<HaltRule::Haste> halted;
  while (end.counted < end.places.size() && halted != HaltRule::Haste::now) {
    ++ended_;
    if (has_failed(end, end.counted++)) ++failed_;
    if (halt_.is_met(failed_, ended_ - failed_)) halted = halt_.haste();
  }
  bar_.show(ended_ + work_.skipped(), failed_);
  return halted;
}

Result<void> MapReport::take(const MapTask& task, MapTaskEnd& all) {
  for (std::size_t index = 0; index < all.counted; ++index)
    if (auto told = tell_of(end_of(task, all, index), all); !told) return told;
  if (auto flushed = flush(); !flushed) return flushed;
  return log_ != nullptr ? log_->write() : Result<void>{};
}

Result<void> MapReport::tell_of(const MapEnd& end, MapTaskEnd& all) {
  if (end.exit_code != 0) failures_.add(end);
  if (log_ != nullptr) log_->add(end, work_.logged_command_of(end.item));
  if (end.ending == nullptr) return {};
  if (context_.json) {
    append_object(end);
  } else if (end.is_function) {
    if (end.result.empty()) return {};
    if (form_.is_tagged) out_.append(shown(end.item)) += '\t';
    append_result(out_, end.result, form_.results);
  } else {
    return write_result(end, all);
  }
  return out_.size() < kMostUnwritten ? Result<void>{} : flush();
}

void MapReport::append_object(const MapEnd& end) {
  if (!end.is_function) {
    nlohmann::json object = proto::ending_object(*end.ending);
    object["item"] = end.item.number;
    out_ += object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    return;
  }
  proto::ObjectWriter object(out_);
  const bool succeeded = !end.result.empty();
  object.integer("id", static_cast<std::int64_t>(end.job));
  object.text("outcome", to_string(succeeded ? Outcome::succeeded : end.ending->outcome));
  if (succeeded) object.text("result", end.result);
  if (!succeeded) {
    object.text_if("errorType", end.error != nullptr ? end.error->error_type : end.ending->error_type);
    object.text_if("reason", end.error != nullptr ? end.error->reason : end.ending->reason);
  }
  object.integer("item", static_cast<std::int64_t>(end.item.number));
  object.close();
  out_ += '\n';
}

Result<void> MapReport::write_result(const MapEnd& end, MapTaskEnd& all) {
  if (outputs_ == nullptr) return show_output(context_, *end.ending, form_.results);
  if (form_.is_tagged) return write_tagged(end, all);
  bar_.clear();
  if (auto written = outputs_->write(all.outputs[0], STDOUT_FILENO); !written) return written;
  return outputs_->write(all.outputs[1], STDERR_FILENO);
}

void MapReport::append_tagged(const Item& item, std::string_view text) {
  const std::string tag = shown(item) + "\t";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    out_.append(tag).append(line) += '\n';
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

Result<void> MapReport::write_tagged(const MapEnd& end, MapTaskEnd& all) {
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    const Result<std::string> text = outputs_->read(all.outputs[stream == STDOUT_FILENO ? 0 : 1]);
    if (!text) return text.error();
    append_tagged(end.item, *text);
    bar_.clear();
    if (auto written = write_all(stream, std::exchange(out_, {})); !written) return written;
  }
  return {};
}

Result<void> MapReport::flush() {
  if (out_.empty()) return {};
  bar_.clear();
  auto written = write_all(STDOUT_FILENO, out_);
  out_.clear();
  return written;
}

std::string MapReport::summary(std::optional<std::size_t> total) const {
  std::string text = std::to_string(ended_);
  if (total) text += " of " + std::to_string(*total - std::min(work_.skipped(), *total));
  text += " items have ended";
  if (failed_ > 0) text += ", " + std::to_string(failed_) + " of them badly";
  return text;
}

}  // namespace jobpool::cli
