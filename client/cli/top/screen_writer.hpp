// What must be written to a terminal so that it shows these lines: only those that have changed, so that nothing flickers. Pure.
#pragma once

#include <string>
#include <vector>

namespace jobpool::cli {

class ScreenWriter {
 public:
  // Everything is to be written anew: another size, another program's text.
  void forget() { shown_.clear(); }
  std::string update(const std::vector<std::string>& lines);

 private:
  std::vector<std::string> shown_;
};

}  // namespace jobpool::cli
