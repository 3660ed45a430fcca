// Fuzzes the JSON reader (against nlohmann's, see tests/unit/proto/compare_json.hpp), and the strings and Base64 that JSON is made of:
// what is written of any bytes reads as those bytes again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base64.hpp"
#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/unit/proto/compare_json.hpp"

using jobpool::fuzz::require;
using namespace jobpool::proto;

namespace {

void pieces(std::string_view bytes, std::string_view whole) {
  std::string sent, rest;
  const auto send = [&](std::string& out, std::string_view run) {
    sent.append(out).append(run);
    out.clear();
  };
  append_json_pieces(rest, bytes, send, 1 + bytes.size() % 9);
  require(sent + rest == whole, "a text written in pieces is another");
}

void strings(std::string_view bytes) {
  std::string written, value;
  append_json_string(written, bytes);
  const char *at = written.data() + 1, *skipped = at, *const end = written.data() + written.size();
  require(read_json_string(at, end, value) && at == end, "a written string cannot be read");
  require(skip_json_string(skipped, end) && skipped == end, "skipping refuses what reading takes");
  require(is_protocol_text(value), "a string was read that is no text");
  require(is_protocol_text(bytes) == (value == bytes), "text changes on its way, or what is no text does not");
  std::string unescaped;
  const std::string_view between = std::string_view(written).substr(1, written.size() - 2);
  require(append_unescaped(unescaped, between) && unescaped == value, "what was checked is read as something else");
  pieces(bytes, between);
}

void read_and_skip_agree(std::string_view text) {
  std::string value;
  const char *read = text.data(), *skipped = read, *const end = read + text.size();
  const bool is_read = read_json_string(read, end, value), is_skipped = skip_json_string(skipped, end);
  require(is_read == is_skipped && (!is_read || read == skipped), "reading and skipping a string differ");
  if (!is_read) return;
  std::string unescaped;
  const bool has_nul = !append_unescaped(unescaped, {text.data(), static_cast<std::size_t>(read - 1 - text.data())});
  require(unescaped == value, "what was checked is read as something else");
  require(has_nul == (value.find('\0') != value.npos), "U+0000 is not seen, or seen where there is none");
}

void base64(std::string_view bytes) {
  std::string written;
  append_base64(written, bytes);
  const auto read = decode_base64(written);
  require(read && *read == bytes, "Base64 reads other bytes than were written");
  if (const auto decoded = decode_base64(bytes)) {
    written.clear();
    append_base64(written, *decoded);
    require(written == bytes, "one value has two Base64 texts");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string complaint = compare_json(text);
  require(complaint.empty(), complaint);
  if (is_json_array(text)) require(is_json(text), "an array that is no JSON");
  strings(text);
  read_and_skip_agree(text);
  base64(text);
  return 0;
}
