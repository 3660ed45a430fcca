// Logging: spdlog to stderr (the supervisor's stderr is everybody's), or, where that is systemd's journal, straight to the journal with
// fields that it can be searched by; set up once by each daemon program's main. What jobs carry (arguments, environments, input, results,
// messages of exceptions, items of queues) is never logged above debug. The only global state of the house. The client library and the CLI
// do not link it. The calls below hand their arguments to log.cpp as one type, so that spdlog's own templates are compiled there and
// nowhere else: in every file that logs they would cost seconds.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

// Sets the default logger: name and pid on each line, control characters of messages escaped. To the journal at `journal_socket`, where
// $JOURNAL_STREAM says that stderr is the journal.
// Errors: invalid_argument: unknown level (trace, debug, info, warn, error, off).
Result<void> start_logging(std::string_view program, std::string_view level, const char* journal_socket = kJournalSocket);

namespace log {

enum class Level { debug, info, warn, error, critical };

struct About;

// Lines of debug are written, or may be: most of what there is to say of a job is said at that level, and need not be made otherwise.
inline std::atomic<bool> may_write_debug = true;  // until start_logging() knows
inline bool writes_debug() { return may_write_debug.load(std::memory_order_relaxed); }

// What the calls below end in. `about`: null, or what the line is about.
void write_arguments(Level level, const About* about, fmt::string_view format, fmt::format_args arguments);

// `text` in one line that no terminal obeys: control characters and bytes that are no UTF-8 as \xNN.
std::string escaped(std::string_view text);

// The format is checked against the arguments by the compiler, as with spdlog's calls of the same names.
template <typename... Args>
void write(Level level, fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(level, nullptr, format, fmt::make_format_args(args...));
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (writes_debug()) write_arguments(Level::debug, nullptr, format, fmt::make_format_args(args...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::info, nullptr, format, fmt::make_format_args(args...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::warn, nullptr, format, fmt::make_format_args(args...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::error, nullptr, format, fmt::make_format_args(args...));
}
template <typename... Args>
void critical(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::critical, nullptr, format, fmt::make_format_args(args...));
}

// What a line is about: fields of the journal (JOBPOOL_JOB_ID, JOBPOOL_POOL, …), beside the words. Costs nothing where the level is not
// logged.
//   log::About{.job = 7, .pool = "images"}.warn("job {}: …", 7);
struct About {
  std::uint64_t job = 0;          // 0: none
  std::string_view pool = {};     // empty: none
  std::string_view outcome = {};  // likewise
  std::uint32_t attempt = 0, worker = 0;

  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    if (writes_debug()) write_arguments(Level::debug, this, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write_arguments(Level::info, this, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    write_arguments(Level::warn, this, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write_arguments(Level::error, this, format, fmt::make_format_args(args...));
  }
};

}  // namespace log
}  // namespace jobpool
