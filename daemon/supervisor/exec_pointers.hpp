// Texts as exec() and posix_spawn() take them.
#pragma once

#include <string>
#include <vector>

namespace jobpool::supervisor {

// Ends with a null pointer; valid as long as `texts` is not changed.
inline std::vector<char*> exec_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace jobpool::supervisor
