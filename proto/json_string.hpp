// JSON's strings, the one place that escapes and unescapes them. Both directions copy whole runs of bytes and look at single ones only
// where JSON or UTF-8 asks for it: messages are mostly strings, and a payload of 16 MiB is one of them.
// Pure functions, used on both sides of the protocol, in any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/function_ref.hpp"
#include "proto/long_runs.hpp"

namespace jobpool::proto {

// What usually follows a value. Without it, a large value would fill the string to its last byte and the next bracket would double it.
constexpr std::size_t kRoomBehind = 64;

// Appends `text` in quotes. Always valid: a byte that is no UTF-8, and U+0000 (which the protocol has no place for), becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// The same without quotes.
void append_json_escaped(std::string& out, std::string_view text);

// About what a socket takes at once, which is small beside a processor's cache.
constexpr std::size_t kPieceBytes = 128 * 1024;
// Who sends a large text while the rest of it is escaped: told of a piece of it, which is what is in `out` by now and, behind that, `run`,
// bytes of the text that stand for themselves. It takes out of `out` what it sent, and appends what it did not send of `run`.
using PassOn = function_ref<void(std::string& out, std::string_view run)>;
inline constexpr auto kSendNothing = [](std::string& out, std::string_view run) { out += run; };
// Escaped like that: most of a large text is never copied. What is behind its last piece stays in `out`.
void append_json_pieces(std::string& out, std::string_view text, PassOn pass_on, std::size_t piece_bytes = kPieceBytes);

// Reads from behind the opening quote to behind the closing one, and moves `at` there. The value is appended to `out`.
// False: no end, a raw control character, a bad escape, a lone surrogate or invalid UTF-8; `at` and `out` are of no use then.
bool read_json_string(const char*& at, const char* end, std::string& out);

// The same checks without the value.
bool skip_json_string(const char*& at, const char* end);

// The same in a text of which some is known already. Requires: `at` and `end` are in `text`, and what `runs` says is true of that.
bool skip_json_string(const char*& at, const char* end, const char* text, const LongRuns& runs);

// Of what is written between two quotes and was checked: its value is appended. False: U+0000 is in that.
// Aborts where it was not checked. `runs`: is told those of the value.
bool append_unescaped(std::string& out, std::string_view written, LongRuns* runs = nullptr);
// The same to `room`, which has to be as long as what is written; where the value ends. Null: U+0000 is in it.
// `on_more`: told of the value so far, each time that there is some more of it, which is in the processor's cache then.
char* unescape_to(char* room, std::string_view written, LongRuns& runs, function_ref<void(std::string_view value)> on_more);

}  // namespace jobpool::proto
