// What a person or a script is told: results on stdout, everything else on stderr. No streams of the standard library: their
// initialisation would cost every invocation.
#pragma once

#include <unistd.h>

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

// "jobpool: text" on stderr; nothing in it writes to the terminal but its line ends and tabs.
void tell(std::string_view text);

// Tells the error and gives the exit code that it means.
int fail(const Error& error);

// Waits until `fd` is ready for `event` (poll's), or is of no use.
void await(int fd, short event);

// Writes all of it. Errors: io (a full disk). A reader that left ends the process by SIGPIPE, as in every filter.
Result<void> write_all(int fd, std::string_view bytes);
// To stdout, as the last act of a verb: its exit code is `code` unless the write failed.
int print(std::string_view text, int code = 0);
// The same of a verb that has done something: where it cannot be written, `done` ("job 7 was submitted") is told, lest nobody knows.
int print_done(std::string_view text, std::string_view done, int code = 0);

// Control characters as \xNN, in UTF-8 U+0080 to U+009F as well, so that a job's name cannot write to the terminal. Those in `kept` stay.
std::string printable(std::string_view text, std::string_view kept = {});
// All lines but the first begin in that column.
std::string indented(std::string_view text, std::size_t column);

enum class Ink { none, bold, green, red, yellow };
// With colour only where there may be colours: where `fd`, which it is written to, is a terminal, and NO_COLOR is not set, or empty
// (no-color.org).
std::string ink(std::string_view text, Ink colour, int fd = STDOUT_FILENO);
bool may_colour(int fd);
bool is_terminal(int fd);

}  // namespace jobpool::cli
