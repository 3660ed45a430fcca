// Base64 (RFC 4648, section 4): the form of bytes that are no protocol text. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jobpool::proto {

// A text field has a twin by its name and this, for bytes that are no text.
constexpr std::string_view kTwinSuffix = "Base64";

// Appends the padded form. It needs no escaping in JSON.
void append_base64(std::string& out, std::string_view bytes);

// nullopt unless `text` is exactly what append_base64 would have written: padded, no white space, no stray bits. One text for one
// value, so that the same submission is the same bytes.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace jobpool::proto
