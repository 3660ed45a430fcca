// The folders of a copy: made before what is in them, given their modes and times when nothing is written into them any more.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "client/cli/copy/finished.hpp"
#include "client/cli/copy/place.hpp"

namespace jobpool::cli {

enum class FolderMade { fresh, was_there, failed };

// Makes `name` in an open folder, for us alone until it is finished; or makes one that is there ours to write in. `end` tells a failure;
// `shown`: its whole path, as messages name it.
FolderMade make_folder(int parent, const std::string& name, const std::string& shown, proto::FileEnd& end);

class CopiedFolders {
 public:
  // `status` of the source's folder, before anything is read in it. Each after those that it lies in.
  void add(std::string path, const struct stat& status) { folders_.push_back({std::move(path), status}); }

  // When all else is done. `before_root` comes between the root's folders and the root: the last that changes anything in it. Gives what
  // is to be told.
  std::vector<Finished> finish(const CopyPlaces& places, const std::function<void()>& before_root) const;

 private:
  struct Folder {
    std::string path;
    struct stat status;
  };
  std::vector<Folder> folders_;
};

}  // namespace jobpool::cli
