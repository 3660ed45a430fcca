// Reads and checks JSON text by pulling: the caller says what it expects next, and what it does not care for is checked and passed over.
// (What was checked is read from then on as a JsonText.)
// Why not nlohmann's parser: it takes one byte at a time (about 80 MB/s), keeps silent about duplicate keys and sets no limit to nesting.
// The values made here are nlohmann's. Used on both sides of the protocol, in any thread; never throws for what the text holds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "proto/json_string.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

// Nesting of a message. The deepest of ours has four levels; nlohmann's dump() recurses, so the limit also guards whoever prints one.
inline constexpr int kMaxMessageDepth = 64;
// Nesting of a payload (arguments, result), which is carried as text: enough for data, too little to exhaust the stack of a function
// whose JSON library recurses.
inline constexpr int kMaxPayloadDepth = 512;

// Each function reads one thing behind any white space. False: the text has something else there, or is no JSON; give up then.
class JsonReader {
 public:
  // Requires: `text` outlives the reader. `runs`: of the text, where somebody knows them; likewise.
  JsonReader(std::string_view text, int max_depth, const LongRuns* runs = nullptr)
      : at_(text.data()),
        end_(text.data() + text.size()),
        depth_left_(max_depth),
        text_(text.data()),
        runs_(runs == nullptr || runs->empty() ? nullptr : runs) {}

  // The first byte of what comes next; 0 at the end.
  [[gnu::always_inline]] char peek() {  // a tenth of the time of a large message, when it is a call
    // Mostly no white space: then these are all the comparisons.
    return at_ != end_ && static_cast<unsigned char>(*at_) > ' ' ? *at_ : peek_behind_space();
  }
  // Nothing but white space is left.
  bool at_end() { return peek() == 0 && at_ == end_; }

  // Appends to `text`.
  bool read_string(std::string& text) { return take('"') && read_json_string(at_, end_, text); }
  bool read_bool(bool& value);
  bool read_null() { return take_word("null"); }
  // Any value. A key that an object has twice keeps a value of nlohmann's type `discarded`, which is no type of any field:
  // whoever reads that field refuses it by its name.
  bool read_value(nlohmann::json& value);
  bool skip_value();
  // The same, and where its text is.
  bool read_slice(std::string_view& text) {
    peek();
    const char* const begin = at_;
    if (!skip_value()) return false;
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    return true;
  }
  bool read_text(JsonText& value) {
    if (!read_slice(value.text_)) return false;
    value.longest_ = longest_;
    return true;
  }

  // Calls member(std::string_view key) for each member; it must read the value and tell whether to go on.
  template <class Member>
  bool read_object(Member&& member) {
    return read_list('{', '}', [&] {
      std::string room;
      std::string_view key;
      return read_key(key, room) && take(':') && member(key);
    });
  }
  // Calls element() for each element, likewise.
  template <class Element>
  bool read_array(Element&& element) {
    return read_list('[', ']', element);
  }

 private:
  template <class Item>
  bool read_list(char open, char close, Item&& item) {
    if (depth_left_ == 0 || !take(open)) return false;
    --depth_left_;
    if (!take(close)) {
      do {
        if (!item()) return false;
      } while (take(','));
      if (!take(close)) return false;
    }
    ++depth_left_;
    return true;
  }
  // As it is in the text; in `room`, where it is written with escapes.
  bool read_key(std::string_view& key, std::string& room) {
    if (peek() != '"') return false;
    const char* const begin = at_ + 1;
    if (!skip_string()) return false;
    key = {begin, static_cast<std::size_t>(at_ - 1 - begin)};
    if (key.find('\\') != key.npos) key = room = JsonText::unescaped(key);
    return true;
  }
  [[gnu::always_inline]] bool take(char c) { return peek() == c && (++at_, true); }  // eight times for a small object
  char peek_behind_space();
  bool take_word(std::string_view word);
  bool skip_string() {
    if (!take('"')) return false;
    const char* const begin = at_;
    if (!(runs_ == nullptr ? skip_json_string(at_, end_) : skip_json_string(at_, end_, text_, *runs_))) return false;
    if (static_cast<std::size_t>(at_ - begin) > longest_.size()) longest_ = {begin, static_cast<std::size_t>(at_ - begin)};
    return true;
  }
  bool skip_digits();
  // The number's text by JSON's grammar; empty: there is none. `integral`: without fraction and exponent. Requires: no space before it.
  std::string_view scan_number(bool& integral);
  bool read_number(nlohmann::json& value);
  bool read_object_value(nlohmann::json& value);
  bool read_array_value(nlohmann::json& value);

  const char* at_;
  const char* end_;
  int depth_left_;
  const char* const text_;
  const LongRuns* const runs_;  // null: none
  std::string_view longest_;    // of the strings that were passed over, from behind its opening quote
};

// JSON text of a payload, nested no deeper than kMaxPayloadDepth; and of an array.
bool is_json(std::string_view text);
bool is_json_array(std::string_view text, const LongRuns* runs = nullptr);

}  // namespace jobpool::proto
