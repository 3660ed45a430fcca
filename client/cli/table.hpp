// Columns for people: left-aligned text, right-aligned numbers, two spaces between. Stable: no width depends on the terminal but the cut
// of the last column, and that only on a terminal. Pure but for the terminal's width.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/cli/tell.hpp"

namespace jobpool::cli {

struct Cell {
  std::string text;
  Ink colour = Ink::none;
};

class Table {
 public:
  enum class Align { left, right };
  void column(std::string_view title, Align align = Align::left);
  // Requires: as many cells as columns.
  void row(std::vector<Cell> cells);
  std::string text() const;

 private:
  struct Column {
    std::string title;
    Align align;
    std::size_t width;
  };
  void append(std::string& out, const std::vector<Cell>& cells, std::size_t limit) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace jobpool::cli
