// The two sinks of the daemon's programs: a line on stderr, written with one system call so that lines of several processes do not mix; or
// an entry of the journal, which falls back to that.
#include "common/log.hpp"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/system_journal.hpp"

namespace jobpool {
namespace {

// What a pipe takes in one piece (PIPE_BUF); longer lines are cut.
constexpr std::size_t kMaxLineBytes = 4096;

// Of the line that is being written by this thread: spdlog's message has no room for it.
thread_local const log::About* about_now = nullptr;

class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string payload = log::escaped({message.payload.data(), message.payload.size()});
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

class JournalSink final : public StderrSink {
 public:
  explicit JournalSink(UniqueFd journal) : journal_(std::move(journal)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view program(message.logger_name.data(), message.logger_name.size());
    const std::string text = log::escaped({message.payload.data(), message.payload.size()}).substr(0, kMaxLineBytes);
    const std::string entry = journal_entry(program, priority_of(message.level), text, about_now);
    if (!send_to_journal(journal_.get(), entry)) StderrSink::sink_it_(message);
  }

 private:
  static int priority_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::critical:
        return 2;
      case spdlog::level::err:
        return 3;
      case spdlog::level::warn:
        return 4;
      case spdlog::level::info:
        return 6;
      default:
        return 7;
    }
  }

  UniqueFd journal_;
};

// The journal where stderr is it and it can be reached.
std::shared_ptr<spdlog::sinks::sink> make_sink(const char* journal_socket) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  if (stream != nullptr && is_journal_stream(stream, STDERR_FILENO))
    if (auto journal = connect_journal(journal_socket)) return std::make_shared<JournalSink>(*std::move(journal));
  return std::make_shared<StderrSink>();
}

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

Result<void> start_logging(std::string_view program, std::string_view level, const char* journal_socket) {
  const auto found = level_from(level);
  if (!found) {
    return Error{Errc::invalid_argument, "log level '" + std::string(level) + "': is none of trace, debug, info, warn, error, off"};
  }
  auto logger = std::make_shared<spdlog::logger>(std::string(program), make_sink(journal_socket));
  logger->set_level(*found);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %n[%P] %l: %v");
  log::may_write_debug.store(logger->should_log(spdlog::level::debug), std::memory_order_relaxed);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

void log::write_arguments(Level level, const About* about, fmt::string_view format, fmt::format_args arguments) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (!logger.should_log(level_from(level))) return;
  const std::string text = fmt::vformat(format, arguments);
  about_now = about;
  logger.log(level_from(level), spdlog::string_view_t(text.data(), text.size()));
  about_now = nullptr;
}

namespace {

// How many bytes from text[at] on are one character of UTF-8 that is no control character; 0: none are.
std::size_t printable_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto goes_on = [&](std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i)
      if ((byte(i) & 0xc0U) != 0x80U) return false;
    return true;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first >= 0xc2 && first <= 0xdf) return goes_on(1) && (first != 0xc2 || byte(1) >= 0xa0) ? 2 : 0;  // C1: U+0080 to U+009F
  if (first >= 0xe0 && first <= 0xef) return goes_on(2) && (first != 0xe0 || byte(1) >= 0xa0) && (first != 0xed || byte(1) < 0xa0) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4) return goes_on(3) && (first != 0xf0 || byte(1) >= 0x90) && (first != 0xf4 || byte(1) < 0x90) ? 4 : 0;
  return 0;
}

}  // namespace

std::string log::escaped(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t length = printable_length(text, at); length > 0) {
      out.append(text.substr(at, length));
      at += length;
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[at++]);
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace jobpool
