// See standing.hpp. That the target spells a name otherwise (some keep one form of accented letters only) is no harm by itself.
#include "client/cli/copy/standing.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/copy/target_names.hpp"

namespace jobpool::cli {

Standings::Standings(int source, int target) : source_(source), target_(target), listed_(copy::names_in(target)) {}

Standing Standings::of(const std::string& name) {
  if (is_listed(name)) return Standing::is_there;
  struct stat there {};
  if (::fstatat(target_, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? Standing::is_free : Standing::is_there;
  return copies().contains({there.st_dev, there.st_ino}) ? Standing::of_another : Standing::is_there;
}

const std::set<Standings::FileId>& Standings::copies() {
  if (copies_) return *copies_;
  copies_.emplace();
  for (const std::string& name : *listed_) {
    struct stat source {
    }, copy{};
    if (::fstatat(source_, name.c_str(), &source, AT_SYMLINK_NOFOLLOW) == 0 &&
        ::fstatat(target_, name.c_str(), &copy, AT_SYMLINK_NOFOLLOW) == 0)
      copies_->insert({copy.st_dev, copy.st_ino});
  }
  return *copies_;
}

}  // namespace jobpool::cli
