// The names are glibc's; real-time signals count from SIGRTMIN.
#include "client/cli/signal_name.hpp"

#include <strings.h>

#include <charconv>
#include <csignal>
#include <cstring>

namespace jobpool::cli {
namespace {

constexpr int kLastSignal = 64;

bool same_word(std::string_view a, std::string_view b) { return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0; }

// The whole of `text` as a number; -1: it is none.
int number(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  std::string_view name = text;
  if (name.size() > 3 && same_word(name.substr(0, 3), "SIG")) name.remove_prefix(3);
  int signal = number(name);
  if (name.size() > 6 && same_word(name.substr(0, 6), "RTMIN+") && number(name.substr(6)) >= 0) signal = SIGRTMIN + number(name.substr(6));
  for (int candidate = 1; signal < 0 && candidate < NSIG; ++candidate) {
    const char* known = ::sigabbrev_np(candidate);
    if (known != nullptr && same_word(name, known)) signal = candidate;
  }
  if (signal < 1 || signal > kLastSignal)
    return Error{Errc::invalid_argument, "'" + std::string{text} + "' is no signal: write a name (TERM, SIGINT) or a number from 1 to 64"};
  return signal;
}

std::string signal_name(int signal) {
  const char* name = signal > 0 && signal < NSIG ? ::sigabbrev_np(signal) : nullptr;
  return name == nullptr ? std::to_string(signal) : name;
}

}  // namespace jobpool::cli
