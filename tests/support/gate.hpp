// A gate in a job's way: it reads a line from a first-in-first-out file, and the test writes it when the job may go on.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::testing {

class Gate {
 public:
  explicit Gate(std::string path) : path_(std::move(path)) {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    // Open for both, so that opening waits for nobody on either side, and what is written stays until it is read.
    file_ = UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(file_);
  }

  // Shell text that waits here.
  std::string wait() const { return "read word <" + path_; }
  // Lets one job through; its `$word` is `word`.
  void open(const std::string& word = "on") const {
    const std::string line = word + "\n";
    REQUIRE(::write(file_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }

 private:
  std::string path_;
  UniqueFd file_;
};

}  // namespace jobpool::testing
