// See paint.hpp.
#include "client/cli/top/paint.hpp"

#include <algorithm>

#include "client/cli/top/fit.hpp"

namespace jobpool::cli {
namespace {

constexpr std::string_view kPlainAgain = "\x1b[0m";

std::string_view ink_code(Ink colour) {
  switch (colour) {
    case Ink::bold:
      return "\x1b[1m";
    case Ink::green:
      return "\x1b[32m";
    case Ink::red:
      return "\x1b[31m";
    case Ink::yellow:
      return "\x1b[33m";
    case Ink::none:
      break;
  }
  return {};
}

}  // namespace

std::string Line::text(std::size_t columns, Colours colours) const {
  const bool coloured = colours == Colours::wanted;
  std::string line;
  if (coloured && is_inverted_) line += "\x1b[7m";
  std::size_t left = columns;
  for (const Piece& piece : pieces_) {
    if (left == 0) break;
    const std::string kept = cut_to(piece.text, left);
    left -= columns_of(kept);
    const std::string_view code = coloured && !is_inverted_ ? ink_code(piece.colour) : std::string_view{};
    line.append(code).append(kept);
    if (!code.empty()) line.append(kPlainAgain);
  }
  if (coloured && is_inverted_) line.append(std::string(left, ' ')).append(kPlainAgain);
  return line;
}

}  // namespace jobpool::cli
