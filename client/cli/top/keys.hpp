// Keys out of a terminal's bytes. Pure; a key that comes in pieces is put together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jobpool::cli {

struct Key {
  enum class Kind { character, up, down, page_up, page_down, home, end, enter, escape, backspace };
  Kind kind = Kind::character;
  std::string text = {};  // of a character: itself, in UTF-8

  bool is(char c) const { return kind == Kind::character && text.size() == 1 && text.front() == c; }
  bool operator==(const Key&) const = default;
};

class KeyReader {
 public:
  // All whole keys in what has come so far. What a terminal sends for one key it sends at once, so that an Escape which ends the bytes is
  // one by itself. Sequences that mean nothing here are dropped.
  std::vector<Key> feed(std::string_view bytes);

 private:
  std::string rest_;  // the beginning of a character
};

}  // namespace jobpool::cli
