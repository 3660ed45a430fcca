// The text of one JSON value that was checked to be one: what messages are read from. No tree is made of it: whoever wants a member or an
// element passes over those before it, which costs less than making and freeing the values that nobody asks for.
// Pure, used on both sides of the protocol, in any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/byte_buffer.hpp"
#include "common/function_ref.hpp"
#include "proto/long_runs.hpp"

namespace jobpool::proto {

// A view: what the text is in must outlive it.
class JsonText {
 public:
  JsonText() = default;  // null
  // nullopt: it is no JSON, or nested deeper.
  static std::optional<JsonText> check(std::string_view text, int max_depth);

  std::string_view text() const { return text_; }  // without white space around it
  bool is_null() const { return text_.front() == 'n'; }
  bool is_object() const { return text_.front() == '{'; }
  bool is_array() const { return text_.front() == '['; }

  // nullopt: it is of another type; no integer: nor is one beyond 64 bits, or with a fraction or an exponent.
  std::optional<std::string> string() const;
  // A string without U+0000, as all of the protocol's are; nullopt otherwise.
  // `runs`: is told those of the string.
  std::optional<std::string> protocol_text(LongRuns* runs = nullptr) const;
  // The same, appended to `text`. False: it is none; what was appended then is of no use.
  bool append_protocol_text(std::string& text, LongRuns* runs = nullptr) const;
  // A string as it is written between its quotes; empty where it is of another type.
  std::string_view written_string() const { return text_.front() == '"' ? text_.substr(1, text_.size() - 2) : std::string_view(); }
  std::optional<std::int64_t> integer() const;
  std::optional<bool> boolean() const;

  // Requires: is_array(). The first `most` of them, if there are more: who takes so many asks for one more, and sees by that one.
  std::vector<JsonText> elements(std::size_t most = std::numeric_limits<std::size_t>::max()) const;
  // Requires: is_object(). In their order; `key` as it is written, escapes and all. A key may come twice. `take`: whether it wants more.
  void each_member(function_ref<bool(std::string_view key, JsonText value)> take) const;
  // Of an object's; nullopt: there is none, or it is null.
  std::optional<JsonText> member(std::string_view name) const;
  // What is meant by a key, or by what else is written between two quotes. Requires: it was checked, and its closing quote stands behind
  // it.
  static std::string unescaped(std::string_view written);

  // For printing, and for people's eyes. Of the type `discarded` where a number is in it that no double holds, which JSON does not forbid.
  nlohmann::json tree() const;

 private:
  friend class AsWritten;
  friend class JsonReader;
  friend class JsonObject;
  explicit JsonText(std::string_view checked, std::string_view longest = {}) : text_(checked), longest_(longest) {}

  std::string_view text_ = "null";
  // Of the strings in the text that this was part of when it was checked, the longest: from behind its opening quote to behind the closing
  // one. So a payload of 16 MiB is passed over at once, as often as somebody looks for what stands behind it.
  std::string_view longest_;
};

// An object that is kept: its text, owned.
class JsonObject {
 public:
  JsonObject() = default;  // empty
  // Requires: an object, or null, which is taken for an empty one.
  explicit JsonObject(JsonText object) : text_(object.is_null() ? std::string_view{"{}"} : object.text()) {}
  // The same without a copy. Requires: its text is in that buffer.
  JsonObject(JsonText object, ByteBuffer buffer) {
    if (object.is_null()) return;
    kept_ = std::make_shared<const Kept>(Kept{std::move(buffer), object});
  }

  operator JsonText() const { return kept_ == nullptr ? JsonText(text_) : kept_->object; }  // as long as this
  std::optional<JsonText> member(std::string_view name) const { return JsonText(*this).member(name); }
  nlohmann::json tree() const { return JsonText(*this).tree(); }

 private:
  struct Kept {
    ByteBuffer buffer;
    JsonText object;
  };

  std::string text_ = "{}";
  std::shared_ptr<const Kept> kept_;  // null: text_ has it
};

}  // namespace jobpool::proto
