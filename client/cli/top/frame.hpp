// One picture of `jobpool top`, as lines: from what is known and chosen to text. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/cli/top/model.hpp"

namespace jobpool::cli {

struct ScreenSize {
  std::size_t columns = 80, rows = 24;
};

enum class Colours { wanted, not_wanted };

// Exactly `rows` lines of at most `columns` characters each, escape sequences not counted.
std::vector<std::string> draw_top(const TopData& data, const TopView& view, ScreenSize size, Colours colours);

}  // namespace jobpool::cli
