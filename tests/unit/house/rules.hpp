// The house rules that a compiler cannot check, as data and one function: which folder may include what, and what no file may hold.
// Used by house_test only.
#pragma once

#include <string>
#include <vector>

namespace jobpool::house {

struct Source {
  std::string path;  // from the repository's root, with forward slashes: "daemon/broker/main.cpp"
  std::vector<std::string> lines;
};

// What is wrong with one file, a finding each: "common/socket.cpp:12: includes asio.hpp, which …". Empty: nothing.
std::vector<std::string> findings(const Source& source);

// All .cpp, .hpp, .h and .c files of the house under `root`, without build trees. Requires: `root` is the repository's root.
std::vector<Source> read_sources(const std::string& root);

}  // namespace jobpool::house
