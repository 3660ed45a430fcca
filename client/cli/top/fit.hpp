// Text in a fixed number of columns: cut with a mark, or padded. Pure. Wide characters count as one: the terminal wraps no line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jobpool::cli {

enum class Side { left, right };
std::string fit(std::string_view text, std::size_t width, Side side = Side::left);
// Cut only.
std::string cut_to(std::string_view text, std::size_t width);
std::size_t columns_of(std::string_view text);

}  // namespace jobpool::cli
