// Files with several names in the tree: the first is copied, the others become links to its copy when that is there.
#pragma once

#include <sys/stat.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/copy/finished.hpp"
#include "client/cli/copy/place.hpp"

namespace jobpool::cli {

class HardLinks {
 public:
  // True: it is another name of a file that was seen before; nothing more is to be done about it now.
  // `fresh`: the target had nothing by that name.
  bool is_known(const struct stat& file, const std::string& folder, const std::string& name, bool fresh);

  // When all files are copied. `failed`: the paths of those that are not.
  std::vector<Finished> make(const CopyPlaces& places, const std::set<std::string>& failed, const std::string& temporary) const;

 private:
  struct Name {
    std::string folder, name;
  };
  struct Link {
    Name first, other;
    bool fresh;  // of the other
  };
  Finished make_one(const CopyPlaces& places, const Link& link, const std::string& temporary) const;

  std::map<std::pair<dev_t, ino_t>, Name> first_names_;
  std::vector<Link> links_;
};

}  // namespace jobpool::cli
