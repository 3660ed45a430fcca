// JSON's strings: runs of ordinary bytes are found many bytes a step, the rest is looked at singly. A run is copied while it is in the
// processor's cache, so that a large string passes through memory once.
#include "proto/json_string.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "common/huge_pages.hpp"
#include "proto/byte_runs.hpp"
#include "proto/utf8.hpp"

namespace jobpool::proto {
namespace {

constexpr std::ptrdiff_t kRunBytes = 16 * 1024;  // found, then copied: half of the smallest first-level cache there is
// Up to here byte by byte costs less than the way to many at once. Most strings are so short: keys, names, small arguments and results,
// where the escapes are quotes.
constexpr std::size_t kShortBytes = 32;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Backslash {
  template <class Byte>
  auto operator()(Byte byte) const {
    return byte == '\\';
  }
};

// The end of the run that is copied as it is: ordinary bytes and well-formed UTF-8. At least `most` of it, if it is that long.
const char* verbatim_end(const char* at, const char* end, std::ptrdiff_t most) {
  const char* const enough = end - at > most ? at + most : end;
  while (true) {
    at = run_end<NotOrdinary>(at, enough);
    if (at >= enough || static_cast<unsigned char>(*at) < 0x80) return at;
    const std::size_t length = utf8_character({at, static_cast<std::size_t>(end - at)});
    if (length == 0) return at;
    at += length;
  }
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte == 0 || byte >= 0x80) {
    out += kReplacement;
    return;
  }
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += c;
      return;
    case '\n':
      out += 'n';
      return;
    case '\t':
      out += 't';
      return;
    case '\r':
      out += 'r';
      return;
    case '\b':
      out += 'b';
      return;
    case '\f':
      out += 'f';
      return;
    default:
      break;
  }
  out += "u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// Takes the value's place where only its form is asked for.
struct Discard {
  void push_back(char) {}
};
void append_run(Discard&, const char*, const char*) {}

void append_run(std::string& out, const char* run, const char* end) { out.append(run, end); }

// The four hex digits behind "\u"; -1: they are none.
int read_code_unit(const char*& at, const char* end) {
  if (end - at < 4) return -1;
  int unit = 0;
  for (int i = 0; i < 4; ++i, ++at) {
    const char lower = static_cast<char>(*at | 0x20);
    if (*at >= '0' && *at <= '9')
      unit = unit * 16 + (*at - '0');
    else if (lower >= 'a' && lower <= 'f')
      unit = unit * 16 + (lower - 'a' + 10);
    else
      return -1;
  }
  return unit;
}

template <class Sink>
void push_character(Sink& out, int code) {
  const auto push = [&](int byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return push(code);
  if (code < 0x800) {
    push(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    push(0xE0 | code >> 12);
    push(0x80 | (code >> 6 & 63));
  } else {
    push(0xF0 | code >> 18);
    push(0x80 | (code >> 12 & 63));
    push(0x80 | (code >> 6 & 63));
  }
  push(0x80 | (code & 63));
}

template <class Sink>
bool unescape_unicode(const char*& at, const char* end, Sink& out) {
  int code = read_code_unit(at, end);
  if (code < 0 || (code >= 0xDC00 && code < 0xE000)) return false;
  if (code >= 0xD800 && code < 0xDC00) {  // the first half of a pair
    if (end - at < 2 || at[0] != '\\' || at[1] != 'u') return false;
    at += 2;
    const int low = read_code_unit(at, end);
    if (low < 0xDC00 || low >= 0xE000) return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  push_character(out, code);
  return true;
}

// Takes the value's place where there is room for it.
struct Room {
  char* begin;
  char* end;
  void push_back(char c) { *end++ = c; }
  char back() const { return end[-1]; }
  std::size_t size() const { return static_cast<std::size_t>(end - begin); }
};
void append_run(Room& out, const char* run, const char* end) { out.end = std::copy(run, end, out.end); }

// `at` is behind the backslash.
template <class Sink>
bool unescape(const char*& at, const char* end, Sink& out) {
  if (at == end) return false;
  switch (const char c = *at++; c) {
    case '"':
    case '\\':
    case '/':
      out.push_back(c);
      return true;
    case 'n':
      out.push_back('\n');
      return true;
    case 't':
      out.push_back('\t');
      return true;
    case 'r':
      out.push_back('\r');
      return true;
    case 'b':
      out.push_back('\b');
      return true;
    case 'f':
      out.push_back('\f');
      return true;
    case 'u':
      return unescape_unicode(at, end, out);
    default:
      return false;
  }
}

// `behind_run`: jumps over what it knows of.
template <class Sink, class BehindRun>
bool scan_string(const char*& at, const char* end, Sink& out, BehindRun&& behind_run) {
  while (true) {
    const char* const run = at = behind_run(at);
    at = verbatim_end(at, end, kRunBytes);
    append_run(out, run, at);
    if (at == end) return false;
    if (at - run >= kRunBytes) continue;
    const char stop = *at++;
    if (stop == '"') return true;
    if (stop != '\\' || !unescape(at, end, out)) return false;
  }
}

// Of a text that was checked. `on_run`: called behind each run. False: U+0000 is in it.
template <class Sink, class OnRun>
bool append_checked(Sink& out, std::string_view written, LongRuns* runs, OnRun&& on_run) {
  const std::size_t begin = out.size();
  const char* at = written.data();
  const char* const end = at + written.size();
  bool has_nul = false;
  while (at != end) {
    const char* const run = at;
    at = run_end<Backslash>(at, end - at > kRunBytes ? at + kRunBytes : end);
    append_run(out, run, at);
    if (runs != nullptr) runs->add(out.size() - begin - static_cast<std::size_t>(at - run), out.size() - begin);
    on_run();
    if (at == end || *at != '\\') continue;
    ++at;
    if (!unescape(at, end, out)) std::abort();  // it was checked
    has_nul |= out.back() == '\0';
  }
  return !has_nul;
}

// False: it has more in it than ordinary bytes, quotes and backslashes; nothing is appended. Requires: it is short.
bool append_short_escaped(std::string& out, std::string_view text) {
  char room[2 * kShortBytes];
  char* end = room;
  for (const char c : text) {
    if (c == '"' || c == '\\')
      *end++ = '\\';
    else if (NotOrdinary{}(static_cast<signed char>(c)))
      return false;
    *end++ = c;
  }
  out.append(room, end);
  return true;
}

// The same the other way round.
bool append_short_unescaped(std::string& out, std::string_view written) {
  char room[kShortBytes];
  char* end = room;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] == '\\' && (++i == written.size() || (written[i] != '"' && written[i] != '\\'))) return false;
    *end++ = written[i];
  }
  out.append(room, end);
  return true;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + kRoomBehind);
  prefer_huge_pages(out.data() + out.size(), text.size());
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_json_escaped(std::string& out, std::string_view text) {
  if (text.size() <= kShortBytes && append_short_escaped(out, text)) return;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const run = at;
    at = verbatim_end(at, end, kRunBytes);
    out.append(run, at);
    if (at != end && at - run < kRunBytes) append_escaped(out, *at++);
  }
}

void append_json_pieces(std::string& out, std::string_view text, PassOn pass_on, std::size_t piece_bytes) {
  const auto most = static_cast<std::ptrdiff_t>(piece_bytes), worth_passing = most / 4;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::size_t kept = 0;  // in `out`, since something was passed on
  const auto pass = [&](std::string_view run) {
    pass_on(out, run);
    kept = 0;
  };
  while (end - at > most) {
    const char* const run = at;
    at = verbatim_end(at, end, most);
    const auto length = static_cast<std::size_t>(at - run);
    if (at - run > worth_passing) {
      pass({run, length});
    } else {
      out.append(run, at);
      kept += length;
    }
    if (length < piece_bytes) append_escaped(out, *at++), ++kept;
    if (kept >= piece_bytes) pass({});
  }
  append_json_escaped(out, {at, static_cast<std::size_t>(end - at)});
}

bool append_unescaped(std::string& out, std::string_view written, LongRuns* runs) {
  if (written.size() <= kShortBytes && append_short_unescaped(out, written)) return true;
  out.reserve(out.size() + written.size());
  prefer_huge_pages(out.data() + out.size(), written.size());
  return append_checked(out, written, runs, [] {});
}

char* unescape_to(char* room, std::string_view written, LongRuns& runs, function_ref<void(std::string_view value)> on_more) {
  Room value{room, room};
  std::size_t told = 0;
  const auto tell = [&] { on_more({room, told = value.size()}); };
  const bool is_text = append_checked(value, written, &runs, [&] {
    if (value.size() - told >= kRunBytes) tell();
  });
  tell();
  return is_text ? value.end : nullptr;
}

bool read_json_string(const char*& at, const char* end, std::string& out) { return scan_string(at, end, out, std::identity{}); }

bool skip_json_string(const char*& at, const char* end) {
  at = run_end<NotOrdinary>(at, end);
  if (at != end && *at == '"') return ++at, true;  // as most
  Discard discard;
  return scan_string(at, end, discard, std::identity{});
}

bool skip_json_string(const char*& at, const char* end, const char* text, const LongRuns& runs) {
  Discard discard;
  return scan_string(at, end, discard, [&](const char* place) { return text + runs.behind(static_cast<std::size_t>(place - text)); });
}

}  // namespace jobpool::proto
