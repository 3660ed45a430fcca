// See trust.hpp.
#include "client/cli/doctor/trust.hpp"

#include <sys/stat.h>

#include <filesystem>

namespace jobpool::cli::doctor {
namespace {

namespace fs = std::filesystem;

// The file or folder above it that somebody else than root could replace; empty: none.
std::string not_of_root_alone(const std::string& file, const std::string& root) {
  for (fs::path path = file;; path = path.parent_path()) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0 || about.st_uid != 0 || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0) return path.string();
    if (path == root || path == path.parent_path()) return {};
  }
}

}  // namespace

std::optional<Refusal> refuse_to_run(const ProcessFacts& process, std::string_view name, std::optional<uid_t> listener, uid_t caller,
                                     const std::string& root) {
  const std::string as_that_user = "run jobpool doctor as the daemon's user";
  if (process.words.empty() || process.program.empty()) return Refusal{"the daemon's programs cannot be seen", as_that_user};
  if (process.uid != caller || !listener || (*listener != caller && *listener != 0))
    return Refusal{"the daemon is another user's, whose programs are not run", as_that_user};
  if (fs::path(process.program).filename() != name)
    return Refusal{"what should be " + std::string{name} + " is " + process.program, "something else listens here: name another socket"};
  if (caller != 0) return std::nullopt;
  const std::string open = not_of_root_alone(process.program, root);
  if (open.empty()) return std::nullopt;
  return Refusal{"others than root could have replaced " + process.program + " (" + open + ")",
                 "install it where nobody but root may write; root runs nothing else for this"};
}

}  // namespace jobpool::cli::doctor
