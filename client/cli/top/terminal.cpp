// Plain ANSI sequences, which every terminal of today knows, tmux and the kernel's console included. See terminal.hpp.
#include "client/cli/top/terminal.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

// The other screen; no cursor; long lines are cut, not wrapped.
constexpr std::string_view kEnterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeaveScreen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::array kDeadlySignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// State of the process, since a signal's handler has nothing else. Written before `terminal_is_taken` is set.
termios terminal_as_found;
volatile sig_atomic_t terminal_is_taken = 0;

// Only what a signal's handler may call.
void restore_terminal() {
  if (terminal_is_taken == 0) return;
  terminal_is_taken = 0;
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, kLeaveScreen.data(), kLeaveScreen.size());
  ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_as_found);
}

// A bug of our own: the terminal first, then what was to happen (the handler is gone by now).
extern "C" void on_deadly_signal(int signal) {
  restore_terminal();
  ::raise(signal);
}

}  // namespace

bool Terminal::is_there() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Result<std::unique_ptr<Terminal>> Terminal::take() {
  if (::tcgetattr(STDIN_FILENO, &terminal_as_found) != 0) return errno_error("the terminal's settings");
  struct sigaction action {};
  action.sa_handler = on_deadly_signal;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (const int signal : kDeadlySignals) ::sigaction(signal, &action, nullptr);
  std::unique_ptr<Terminal> terminal(new Terminal);
  if (auto entered = terminal->enter(); !entered) return entered.error();
  return terminal;
}

Result<void> Terminal::enter() {
  termios raw = terminal_as_found;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // signals stay signals
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  terminal_is_taken = 1;
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) return errno_error("the terminal's settings");
  return write_all(STDOUT_FILENO, kEnterScreen);
}

void Terminal::leave() { restore_terminal(); }

ScreenSize Terminal::size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

}  // namespace jobpool::cli
