// The one sink of the daemon's programs: a line on stderr, written with one system call so that lines of several processes do not mix.
#include "common/log.hpp"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace jobpool {
namespace {

// What a pipe takes in one piece (PIPE_BUF); longer lines are cut.
constexpr std::size_t kMaxLineBytes = 4096;

// One log record is one line, and a terminal obeys none of its bytes. UTF-8 passes.
std::string escaped(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x20 && byte != 0x7f) {
      out += letter;
      continue;
    }
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string payload = escaped({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg clean = message;
    clean.payload = spdlog::string_view_t(payload.data(), payload.size());
    spdlog::memory_buf_t line;
    formatter_->format(clean, line);
    if (line.size() > kMaxLineBytes) {
      line.resize(kMaxLineBytes);
      line[kMaxLineBytes - 1] = '\n';
    }
    // A log that nobody reads loses lines; it does not stop the daemon.
    pollfd writable{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return;
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nowhere left to say it
  }
  void flush_() override {}
};

std::optional<spdlog::level::level_enum> level_from(std::string_view name) {
  using spdlog::level::level_enum;
  static constexpr std::array<std::pair<std::string_view, level_enum>, 6> kLevels{{{"trace", level_enum::trace},
                                                                                   {"debug", level_enum::debug},
                                                                                   {"info", level_enum::info},
                                                                                   {"warn", level_enum::warn},
                                                                                   {"error", level_enum::err},
                                                                                   {"off", level_enum::off}}};
  for (const auto& [word, level] : kLevels) {
    if (word == name) return level;
  }
  return std::nullopt;
}

spdlog::level::level_enum level_from(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return spdlog::level::debug;
    case log::Level::info:
      return spdlog::level::info;
    case log::Level::warn:
      return spdlog::level::warn;
    case log::Level::error:
      return spdlog::level::err;
    case log::Level::critical:
      break;
  }
  return spdlog::level::critical;
}

}  // namespace

Result<void> start_logging(std::string_view program, std::string_view level) {
  const auto found = level_from(level);
  if (!found) {
    return Error{Errc::invalid_argument, "log level '" + std::string(level) + "': is none of trace, debug, info, warn, error, off"};
  }
  auto logger = std::make_shared<spdlog::logger>(std::string(program), std::make_shared<StderrSink>());
  logger->set_level(*found);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %n[%P] %l: %v");
  spdlog::set_default_logger(std::move(logger));
  return {};
}

void log::write_arguments(Level level, fmt::string_view format, fmt::format_args arguments) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (!logger.should_log(level_from(level))) return;
  const std::string text = fmt::vformat(format, arguments);
  logger.log(level_from(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace jobpool
