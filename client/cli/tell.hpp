// What a person or a script is told: results on stdout, everything else on stderr. No streams of the standard library: their
// initialisation would cost every invocation.
#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

// Exit codes that are jobpool's own; a job's own code passes through.
inline constexpr int kExitUsage = 2;
inline constexpr int kExitTryAgain = 75;  // full, empty
inline constexpr int kExitTimedOut = 124;
inline constexpr int kExitFailed = 125;  // jobpool failed, or the outcome has no exit code
inline constexpr int kExitInterrupted = 130;

// "jobpool: text" on stderr.
void tell(std::string_view text);

// Tells the error and gives the exit code that it means.
int fail(const Error& error);

// Writes all of it. Errors: io (a full disk). A reader that left ends the process by SIGPIPE, as in every filter.
Result<void> write_all(int fd, std::string_view bytes);
// To stdout, as the last act of a verb: its exit code is `code` unless the write failed.
int print(std::string_view text, int code = 0);

// Control characters as \xNN, so that a job's name cannot write to the terminal.
std::string printable(std::string_view text);

enum class Ink { none, bold, green, red, yellow };
// With colour only where there may be colours: where stdout is a terminal, and NO_COLOR is not set, or empty (no-color.org).
std::string ink(std::string_view text, Ink colour);
bool may_colour_stdout();
bool stdout_is_terminal();

}  // namespace jobpool::cli
