// A file to which each job of a test appends a line when it starts and one when it ends, with O_APPEND, so that nothing is lost or torn
// whoever dies: what really ran, against what was reported.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace jobpool::testing {

class Ledger {
 public:
  explicit Ledger(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // The words of a command that notes its start as `name`, does `body` (shell text), and notes its end.
  std::vector<std::string> command(const std::string& name, const std::string& body = ":") const {
    // The shell opens for >> with O_APPEND; a line this short is written by one write().
    return {"sh", "-c", "echo start $1 >>$0; " + body + "; echo end $1 >>$0", path_, name};
  }

  struct Entry {
    int starts = 0, ends = 0;
  };
  std::map<std::string, Entry> read() const {
    std::map<std::string, Entry> entries;
    std::ifstream file(path_);
    for (std::string what, name; file >> what >> name;) ++(what == "start" ? entries[name].starts : entries[name].ends);
    return entries;
  }

 private:
  std::string path_;
};

}  // namespace jobpool::testing
