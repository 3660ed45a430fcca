// See fit.hpp.
#include "client/cli/top/fit.hpp"

#include <algorithm>

#include "proto/utf8.hpp"

namespace jobpool::cli {

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (columns_of(text) <= width) return std::string{text};
  if (width == 0) return {};
  std::string kept;
  for (std::size_t count = 0; count + 1 < width; ++count) {
    const std::string_view rest = text.substr(kept.size());
    kept += rest.substr(0, std::max<std::size_t>(proto::utf8_character(rest), 1));
  }
  return kept + "…";
}

std::string fit(std::string_view text, std::size_t width, Side side) {
  const std::string kept = cut_to(text, width);
  const std::string padding(width - std::min(width, columns_of(kept)), ' ');
  return side == Side::left ? kept + padding : padding + kept;
}

}  // namespace jobpool::cli
