// Plain write(2), and colours. See tell.hpp.
#include "client/cli/tell.hpp"

#include <poll.h>

#include <array>
#include <cstdlib>

namespace jobpool::cli {
namespace {

// One of ASCII's, DEL, or one of the two bytes that U+0080 to U+009F have in UTF-8: to many terminals U+009B is as ESC [.
bool is_control(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto begins_c1 = [&](std::size_t i) { return byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xa0; };
  return byte(at) < 0x20 || byte(at) == 0x7f || begins_c1(at) || (at > 0 && begins_c1(at - 1));
}

}  // namespace

void tell(std::string_view text) {
  std::string line{"jobpool: "};
  line += printable(text, "\n\t");
  line += '\n';
  (void)write_all(STDERR_FILENO, line);  // nowhere is left to tell that it failed
}

int fail(const Error& error) {
  tell(error.text);
  switch (error.code) {
    case Errc::full:
      return kExitTryAgain;
    case Errc::timed_out:
      return kExitTimedOut;
    default:
      return kExitFailed;
  }
}

void await(int fd, short event) {
  pollfd one{fd, event, 0};
  (void)::poll(&one, 1, -1);  // whatever came of it, the call that is made again tells
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // whoever shares it with us has made it so
      await(fd, POLLOUT);
      continue;
    }
    if (written < 0) return errno_error(fd == STDOUT_FILENO ? "write to stdout" : "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

int print(std::string_view text, int code) {
  const Result<void> written = write_all(STDOUT_FILENO, text);
  return written ? code : fail(written.error());
}

int print_done(std::string_view text, std::string_view done, int code) {
  const Result<void> written = write_all(STDOUT_FILENO, text);
  if (written) return code;
  const int failed = fail(written.error());
  tell(done);
  return failed;
}

std::string printable(std::string_view text, std::string_view kept) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_control(text, i) || kept.find(text[i]) != std::string_view::npos) {
      shown += text[i];
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    shown += "\\x";
    shown += kDigits[byte >> 4];
    shown += kDigits[byte & 15];
  }
  return shown;
}

std::string indented(std::string_view text, std::size_t column) {
  std::string lines;
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines.append(column, ' ');
  }
  return lines;
}

bool is_terminal(int fd) {
  if (fd != STDOUT_FILENO) return ::isatty(fd) == 1;
  static const bool stdout_is_one = ::isatty(STDOUT_FILENO) == 1;  // asked for each cell of a table
  return stdout_is_one;
}

bool may_colour(int fd) {
  static const char* const no_color = std::getenv("NO_COLOR");
  return is_terminal(fd) && (no_color == nullptr || *no_color == '\0');
}

std::string ink(std::string_view text, Ink colour, int fd) {
  if (colour == Ink::none || !may_colour(fd)) return std::string{text};
  constexpr std::array<std::string_view, 5> kCodes{"", "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[33m"};
  return std::string{kCodes.at(static_cast<std::size_t>(colour))} + std::string{text} + "\x1b[0m";
}

}  // namespace jobpool::cli
