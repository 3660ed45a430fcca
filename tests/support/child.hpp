// A program that a test starts, feeds, reads and reaps. No shell, no threads; every wait has a deadline and fails the test by name.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::testing {

// How a program ended, as a shell tells it: 128 + N when it died of signal N.
struct Finished {
  int exit_code = -1;
  std::string out, err;
};

struct Invocation {
  std::vector<std::string> argv;
  std::string input = {};                     // what it reads from stdin, unless stdin_fd is given
  std::vector<std::string> environment = {};  // "NAME=value" in addition to the test's own, from which all jobpool names are taken out
  std::string cwd = {};
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  // borrowed for the start; else pipes that finish() serves
};

class Child {
 public:
  explicit Child(Invocation invocation);
  // Kills it, if it still runs, and reaps it.
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  pid_t pid() const { return pid_; }
  void send_signal(int signal) const;
  bool has_ended() const;

  // The next line of its stdout, without the newline. Fails the test at end of input or after `limit`.
  std::string read_line(std::chrono::milliseconds limit = kPatience);

  // Feeds, collects and reaps. Fails the test when it, or anybody who holds its stdout or stderr, is still there after `limit`.
  Finished finish(std::chrono::milliseconds limit = kPatience);

 private:
  void read_into(UniqueFd& pipe, std::string& text);
  void feed();

  std::string shown_;
  std::string input_;
  std::size_t fed_ = 0;
  pid_t pid_ = -1;
  UniqueFd pidfd_, stdin_, stdout_, stderr_;
  std::string out_, err_;
};

// Starts, and waits for the end.
Finished run(Invocation invocation, std::chrono::milliseconds limit = kPatience);

}  // namespace jobpool::testing
