// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
// Pure functions, used on both sides of the protocol, in any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace jobpool::proto {

// Length (1 to 4) of the well-formed character that `text` begins with; 0: it begins with none.
std::size_t utf8_character(std::string_view text);

// Fit for a string of the protocol: well-formed UTF-8 without U+0000. Other bytes travel as Base64.
bool is_protocol_text(std::string_view bytes);

// The longest beginning of at most `limit` bytes that cuts no character. Requires: `text` is UTF-8.
std::string_view utf8_prefix(std::string_view text, std::size_t limit);

}  // namespace jobpool::proto
