// A line of the screen: pieces of text with their colours, cut to a width. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/cli/tell.hpp"
#include "client/cli/top/frame.hpp"

namespace jobpool::cli {

class Line {
 public:
  Line() = default;
  explicit Line(std::string text) { add(std::move(text)); }

  void add(std::string text, Ink colour = Ink::none) { pieces_.push_back({std::move(text), colour}); }
  // The whole of it light on dark: a title, or what is selected. Without colours it stays as it is.
  void invert() { is_inverted_ = true; }
  std::string text(std::size_t columns, Colours colours) const;

 private:
  struct Piece {
    std::string text;
    Ink colour;
  };
  std::vector<Piece> pieces_;
  bool is_inverted_ = false;
};

}  // namespace jobpool::cli
