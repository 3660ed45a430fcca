// Logging: spdlog to stderr (the supervisor's stderr is everybody's), set up once by each daemon program's main.
// The only global state of the house. The client library and the CLI do not link it. The calls below hand their arguments to log.cpp as one
// type, so that spdlog's own templates are compiled there and nowhere else: in every file that logs they would cost seconds.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <string_view>

#include "common/result.hpp"

namespace jobpool {

// Sets the default logger: name and pid on each line, control characters of messages escaped.
// Errors: invalid_argument: unknown level (trace, debug, info, warn, error, off).
Result<void> start_logging(std::string_view program, std::string_view level);

namespace log {

enum class Level { debug, info, warn, error, critical };

// What the calls below end in.
void write_arguments(Level level, fmt::string_view format, fmt::format_args arguments);

// The format is checked against the arguments by the compiler, as with spdlog's calls of the same names.
template <typename... Args>
void write(Level level, fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(level, format, fmt::make_format_args(args...));
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::debug, format, fmt::make_format_args(args...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::info, format, fmt::make_format_args(args...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::warn, format, fmt::make_format_args(args...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::error, format, fmt::make_format_args(args...));
}
template <typename... Args>
void critical(fmt::format_string<Args...> format, Args&&... args) {
  write_arguments(Level::critical, format, fmt::make_format_args(args...));
}

}  // namespace log
}  // namespace jobpool
