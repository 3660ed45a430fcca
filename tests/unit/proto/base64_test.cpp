// Base64: RFC 4648's own vectors, and one text for one value.
#include "proto/base64.hpp"

#include <utility>

#include "tests/support/catch.hpp"

using namespace std::string_literals;
using jobpool::proto::append_base64;
using jobpool::proto::decode_base64;

namespace {

std::string encode(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

}  // namespace

TEST_CASE("the vectors of RFC 4648 hold in both directions") {
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(encode(bytes) == text);
    CHECK(decode_base64(text) == bytes);
  }
}

TEST_CASE("every byte at every place of a group comes back") {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 1; size <= 4; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string bytes(size, '\x5A');
        bytes[at] = static_cast<char>(byte);
        REQUIRE(decode_base64(encode(bytes)) == bytes);
      }
    }
  }
}

TEST_CASE("what no encoder writes is refused") {
  for (const std::string& text :
       {"Z"s,      "Zg"s,    "Zg="s,  "Zm9"s,   "Zm9v="s,   "===="s, "Zg==="s, "Zg==Zg=="s,  "Zm=v"s,     "=Zm9"s,    "Z==="s,
        "Zm9v\n"s, " Zm9v"s, "Zm-_"s, "Zm9\0"s, "Zm9\xFF"s, "Zh=="s, "Zm9="s,  "Zm9vZm9=="s, "Zm9v===="s, "Zm9vA==="s})
    CHECK_FALSE(decode_base64(text));
}
