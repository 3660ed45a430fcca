// Whether the names of one folder of the source are free in its copy. One thread, while the walk is in that folder.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace jobpool::cli {

// of_another: what the target has by that name is the copy of another name of the source, since its file system has one for both.
enum class Standing { is_free, is_there, of_another };

class Standings {
 public:
  // Both folders must outlive it. Reads the target.
  Standings(int source, int target);

  // By the list, which spares a question for each name.
  bool is_listed(const std::string& name) const { return !listed_ || listed_->contains(name); }
  Standing of(const std::string& name);

 private:
  using FileId = std::pair<dev_t, ino_t>;
  const std::set<FileId>& copies();

  const int source_, target_;
  std::optional<std::set<std::string>> listed_;  // nullopt: it cannot be read; then all may be there
  std::optional<std::set<FileId>> copies_;       // what is listed by a name that the source has too
};

}  // namespace jobpool::cli
