// A cgroup of the test's own, where there is a version 2 hierarchy to write to (by root, mostly). Where there is none the test says so and
// goes without. It and all in it is gone at the end.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/cgroup.hpp"
#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::testing {

class TestCgroup {
 public:
  TestCgroup() {
    for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (!std::filesystem::exists(std::string(root) + "/cgroup.procs")) continue;
      path_ = std::string(root) + "/jobpool-test-" + std::to_string(::getpid());
      if (::mkdir(path_.c_str(), 0755) == 0 && ::access((path_ + "/cgroup.kill").c_str(), W_OK) == 0) return;
    }
    path_.clear();
    WARN("no cgroup v2 hierarchy to write to here: not tried with cgroups");
  }
  ~TestCgroup() {
    if (path_.empty()) return;
    const UniqueFd directory(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    (void)kill_cgroup(directory.get());
    wait_until([this] { return remove_cgroup(AT_FDCWD, path_); });
  }
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;

  bool is_there() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  // Shell words by which the shell goes there, and with it what it executes.
  std::string enter() const { return "echo $$ >'" + path_ + "/cgroup.procs'"; }
  // Those directly below it.
  long children() const {
    long count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) count += entry.is_directory() ? 1 : 0;
    return count;
  }

 private:
  std::string path_;
};

}  // namespace jobpool::testing
