// Slices, calls, and the joining of results; see the header.
#include "daemon/worker/function/chunk_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/shm/layout.hpp"
#include "daemon/worker/function/call_state.hpp"
#include "daemon/worker/function/first_argument.hpp"
#include "daemon/worker/function/function_call.hpp"

namespace jobpool::worker {
namespace {

constexpr std::string_view kBegin = R"({"results":[)";

// When to ask for stop orders: about every millisecond, without a look at the clock for each item of those that take nanoseconds. Not
// before the first item, as for any function's call: of a chunk of one that would be one more system call than it takes.
class StopWatch {
 public:
  bool is_due() {
    if (--left_ > 0) return false;
    const TimePoint now = Clock::now();
    const auto since = now - asked_;
    if (since < kOften) stride_ = std::min(stride_ * 2, kLongest);
    if (since > kSeldom) stride_ = std::max(stride_ / 2, 1);
    asked_ = now;
    left_ = stride_;
    return true;
  }

 private:
  static constexpr std::chrono::microseconds kOften{500}, kSeldom{2'000};
  static constexpr int kLongest = 64;  // a few ns each; items may become slow at any time, and each of these is one too many then
  int stride_ = 1, left_ = 2;
  TimePoint asked_ = Clock::now();
};

// What the items gave, joined.
class Gathering {
 public:
  explicit Gathering(std::string& text) : text_(text) { text_ = kBegin; }

  void add(Report& item) {
    if (item.ending == Ending::returned && !has_room(item.result.size()))
      set_failure(item, "ResultTooLarge",
                  "its result has no room beside those before it in its chunk (16 MiB together); use smaller chunks");
    if (count_++ > 0) text_ += ',';
    if (item.ending == Ending::returned)
      text_ += item.result;
    else
      add_error(item);
  }
  bool has_room(std::size_t size = 0) const { return text_.size() + errors_.size() + size < shm::kMaxResultBytes - kRoomForTheEnd; }
  std::size_t count() const { return count_; }

  // Closes the text, and says in `report` what became of the whole.
  void finish(Report& report) {
    text_ += ']';
    if (failed_ > 0) text_.append(",\"errors\":[").append(errors_) += ']';
    text_ += '}';
    if (failed_ == 0) return;
    report.ending = Ending::threw;
    report.error_type = first_type_;
    report.reason = first_reason_;
    if (failed_ > 1) report.reason += "; " + std::to_string(failed_ - 1) + " more of " + std::to_string(count_) + " items failed";
  }

 private:
  static constexpr std::size_t kMaxTypeBytes = 512, kMaxItemReasonBytes = 4 * 1024;
  static constexpr std::size_t kRoomForTheEnd = 64 * 1024;  // of one error, each byte of which may take six, and the brackets

  static std::string quoted(std::string_view text, std::size_t limit) {
    return nlohmann::json(text.substr(0, limit)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  void add_error(const Report& item) {
    text_ += "null";
    if (failed_++ > 0) errors_ += ',';
    errors_.append("{\"index\":")
        .append(std::to_string(count_ - 1))
        .append(",\"errorType\":")
        .append(quoted(item.error_type, kMaxTypeBytes));
    errors_.append(",\"reason\":").append(quoted(item.reason, kMaxItemReasonBytes)) += '}';
    if (failed_ > 1) return;
    first_type_ = item.error_type;
    first_reason_ = "item " + std::to_string(count_) + ": " + item.reason;
  }

  std::string& text_;
  std::string errors_, first_type_, first_reason_;
  std::size_t count_ = 0, failed_ = 0;
};

void end_if_forked(const ChunkWork& work) {
  if (work.function.origin == Function::Origin::built_in || work.fork_mark.is_of_this_process()) return;
  // It would run the items that follow, and report, beside the worker that it is a copy of.
  log::error("function '{}' forked, and returned in the child as well; ending the child", work.spec.name);
  ::_exit(EXIT_FAILURE);
}

}  // namespace

void run_chunk(const ChunkWork& work, Report& report) {
  Elements items(work.spec.arguments);
  Gathering gathering(report.result);
  Report item;
  CallState state(work.attempt, work.spec, work.worker, work.orders, item);
  StopWatch watch;
  const auto fail = [&](std::string_view type, std::string_view what) {
    work.item.store(0, std::memory_order_relaxed);
    set_failure(report, type, std::string{what} + " after " + std::to_string(gathering.count()) + " items of the chunk");
  };
  while (const auto arguments = items.next()) {
    if (watch.is_due() && state.is_to_stop()) return fail("Stopped", "was asked to stop");
    if (!gathering.has_room()) return fail("ResultTooLarge", "there was no room for more results (16 MiB), so that no more were run,");
    work.item.store(static_cast<std::uint32_t>(gathering.count() + 1), std::memory_order_relaxed);
    clear(item);
    state.set_arguments(*arguments);
    call_guarded(work.function, state.call(), item);
    end_if_forked(work);
    check_result(work.function, item);
    gathering.add(item);
  }
  if (!items.is_sound()) return fail("ArgumentError", "the items are not a JSON array of arrays");
  work.item.store(0, std::memory_order_relaxed);
  gathering.finish(report);
}

}  // namespace jobpool::worker
