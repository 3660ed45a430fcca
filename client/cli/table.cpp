// Widths, padding, and the cut of the last column.
#include "client/cli/table.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cstdint>

#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

constexpr std::string_view kGap = "  ";

// Characters, not bytes; wide ones count as one, which costs at worst a crooked column.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// SIZE_MAX where it is no terminal: nothing is cut for a script.
std::size_t width_of_terminal(int fd) {
  winsize size{};
  if (!is_terminal(fd) || ::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return SIZE_MAX;
  return size.ws_col;
}

// Requires: width > 0.
std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string{text};
  std::string kept;
  for (std::size_t count = 0; count + 1 < width; ++count) {
    const std::string_view rest = text.substr(kept.size());
    kept += rest.substr(0, std::max<std::size_t>(proto::utf8_character(rest), 1));
  }
  return kept + "…";
}

}  // namespace

void Table::column(std::string_view title, Align align) { columns_.push_back(Column{std::string{title}, align, width_of(title)}); }

void Table::row(std::vector<Cell> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) columns_.at(i).width = std::max(columns_[i].width, width_of(cells[i].text));
  rows_.push_back(std::move(cells));
}

void Table::append(std::string& out, const std::vector<Cell>& cells, Target target) const {
  std::size_t used = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool is_last = i + 1 == cells.size();
    const std::size_t width = width_of(cells[i].text);
    const std::size_t padding = columns_[i].width - width;
    if (columns_[i].align == Align::right) out.append(padding, ' ');
    const std::size_t room = target.width > used ? target.width - used : 1;  // none is left on a narrow terminal
    out += ink(is_last ? cut(cells[i].text, room) : cells[i].text, cells[i].colour, target.fd);
    if (is_last) break;
    if (columns_[i].align == Align::left) out.append(padding, ' ');
    out += kGap;
    used += columns_[i].width + kGap.size();
  }
  while (out.ends_with(' ')) out.pop_back();  // before an empty last cell
  out += '\n';
}

std::string Table::text(int fd) const {
  const Target target{fd, width_of_terminal(fd)};
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back(Cell{column.title, Ink::bold});
  std::string out;
  append(out, titles, target);
  for (const std::vector<Cell>& cells : rows_) append(out, cells, target);
  return out;
}

}  // namespace jobpool::cli
