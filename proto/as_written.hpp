// Reads checked JSON in the very shape in which our own writers write it: the members in their order, none twice, no white space. It
// compares where Fields look for each field by its name, which takes several times as long. Text of another shape (somebody else wrote it,
// or it says more) is no error: who asks for it here reads it by Fields then, from its beginning, and these say what is off. For the
// messages that come by the hundred thousand; private to this folder; any thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "proto/json_string.hpp"
#include "proto/json_text.hpp"
#include "proto/passing.hpp"

namespace jobpool::proto {

// Each function takes what comes next, and says whether it was that. Where it was not, take() and take_flag() leave everything as it is, so
// that something else can be asked for; after the others nothing more may be.
class AsWritten {
 public:
  // A view, as that is.
  explicit AsWritten(JsonText text) : at_(text.text().data()), passing_{text.text().data() + text.text().size(), text.longest_} {}

  // Brackets, keys with their colons, commas. Requires: what was taken so far ends before a token, and so does this.
  bool take(std::string_view tokens) {
    if (static_cast<std::size_t>(passing_.end_ - at_) < tokens.size() || std::memcmp(at_, tokens.data(), tokens.size()) != 0) return false;
    at_ += tokens.size();
    return true;
  }
  // One of 64 bits. (Of a number with a fraction the rest is left, which is nothing that could be taken.)
  bool take_integer(std::int64_t& value) {
    const auto [behind, error] = std::from_chars(at_, passing_.end_, value);
    at_ = behind;
    return error == std::errc{};
  }
  bool take_flag(bool& value) {
    value = take("true");
    return value || take("false");
  }
  bool take_object(JsonText& value) {
    const char* const begin = at_;
    if (!take("{")) return false;
    at_ = passing_.behind_list(begin);
    value = JsonText({begin, static_cast<std::size_t>(at_ - begin)}, passing_.longest_);
    return true;
  }
  // A string without U+0000, as all of the protocol's are: replaces `value`.
  bool take_text(std::string& value) {
    if (!take("\"")) return false;
    const char* const begin = at_;
    at_ = passing_.behind_string(begin);
    value.clear();
    return append_unescaped(value, {begin, static_cast<std::size_t>(at_ - 1 - begin)});
  }
  bool is_over() const { return at_ == passing_.end_; }

 private:
  const char* at_;
  const Passing passing_;
};

}  // namespace jobpool::proto
