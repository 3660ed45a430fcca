// Columns for people: left-aligned text, right-aligned numbers, two spaces between. Stable: no width depends on the terminal but the cut
// of the last column, and that only on a terminal: to one character where the others leave no room. Pure but for the terminal's width.
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
  // `fd`: what it is written to, whose width and colours it has.
  std::string text(int fd = STDOUT_FILENO) const;

 private:
  struct Column {
    std::string title;
    Align align;
    std::size_t width;
  };
  struct Target {
    int fd;
    std::size_t width;
  };
  void append(std::string& out, const std::vector<Cell>& cells, Target target) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace jobpool::cli
