// What the kernel tells of a process: its program, words, limits, cgroup. Of processes of other users not all of it can be read.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace jobpool::cli::doctor {

struct ProcessFacts {
  std::vector<std::string> words;        // its command line; empty: it could not be read
  std::vector<std::string> environment;  // likewise
  std::string program;                   // its file; empty: likewise
  std::optional<uid_t> uid;              // whose it is; nullopt: not seen, or it is several users at once (real, effective, saved)
  std::string limits, cgroup;            // /proc/PID/limits and /proc/PID/cgroup, as they are
};

// `proc`: where the kernel's folder of processes is; another one in tests.
ProcessFacts facts_of(pid_t pid, const std::string& proc = "/proc");

// The values behind `option` in the words, as "--plugin-dir DIR".
std::vector<std::string> values_of(const std::vector<std::string>& words, std::string_view option);

// The whole file; empty: there is none, or it cannot be read.
std::string text_of_file(const std::string& path);

// Our own environment.
std::vector<std::string> own_environment();

// Runs a program to its end, at most five seconds, with `environment` and no other, in `directory`. Errors: not_found, permission_denied,
// io, timed_out.
struct Output {
  int exit_code;     // 128 + N: died of signal N
  std::string text;  // of stdout and stderr, at most 16 KiB of it
};
Result<Output> output_of(std::vector<std::string> words, std::vector<std::string> environment, const std::string& directory = ".");

}  // namespace jobpool::cli::doctor
