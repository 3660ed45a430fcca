// Finds the elements of a JSON array in its text, without parsing it into a tree: a result of 16 MiB is found at memory speed.
// Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace jobpool::worker {

// The element's text without the space around it; empty: the array has none. nullopt: not an array, or brackets and quotes do not match.
// Does not judge what lies between them: `[1 2]` gives "1 2".
std::optional<std::string_view> first_argument(std::string_view array);

// One element after the other, likewise. Requires: the text outlives it.
class Elements {
 public:
  explicit Elements(std::string_view array);

  // nullopt: that was all; or, where is_sound() is false from then on, what follows is no element.
  std::optional<std::string_view> next();
  bool is_sound() const { return is_sound_; }

 private:
  std::string_view text_;  // from the opening bracket to the closing one
  std::size_t at_ = 1;     // where the next element begins
  bool is_sound_;
};

}  // namespace jobpool::worker
