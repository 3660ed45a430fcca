// See screen_writer.hpp.
#include "client/cli/top/screen_writer.hpp"

namespace jobpool::cli {

std::string ScreenWriter::update(const std::vector<std::string>& lines) {
  std::string out;
  const bool is_new = shown_.size() != lines.size();
  if (is_new) out += "\x1b[2J";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_new && shown_[i] == lines[i]) continue;
    // Emptied before, not behind: of a line as wide as the screen that would be its last character.
    out += "\x1b[" + std::to_string(i + 1) + ";1H\x1b[2K" + lines[i];
  }
  shown_ = lines;
  return out;
}

}  // namespace jobpool::cli
