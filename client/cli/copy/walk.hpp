// The walk through what is copied: makes the folders and what has no bytes, and names the files that workers are to copy. One thread; it
// follows no link, and nobody can lead it out of the source or the target by renaming things.
#pragma once

#include <string>
#include <vector>

#include "client/cli/copy/finished.hpp"
#include "client/cli/copy/folders.hpp"
#include "client/cli/copy/hard_links.hpp"
#include "client/cli/copy/place.hpp"
#include "client/cli/copy/plan.hpp"
#include "client/cli/copy/standing.hpp"

namespace jobpool::cli {

class WalkSink {
 public:
  virtual ~WalkSink() = default;
  virtual void on_file(const FoundFile& file) = 0;  // for a worker
  virtual void on_end(Finished end) = 0;            // done here, or refused
  virtual bool is_stopped() const = 0;              // nobody wants the rest
};

class TreeWalk {
 public:
  // Both must outlive it. `temporary`: a name for what takes another's place.
  TreeWalk(const CopyPlaces& places, std::string temporary, WalkSink& sink);

  void run();

  // For afterwards.
  const HardLinks& links() const { return links_; }
  const CopiedFolders& folders() const { return folders_; }

 private:
  struct Folder {
    std::string path;
    bool fresh;
  };
  struct OpenFolder {
    UniqueFd source, target;
  };
  struct Entry {
    ino_t inode;
    std::string name;
  };

  void walk(const Folder& folder);
  void walk_single();
  void take(const Folder& folder, const OpenFolder& open, const std::string& name, const std::string& target, Standing standing);
  void take_folder(const Folder& folder, const OpenFolder& open, const std::string& name, const struct stat& status, Standing standing);
  std::vector<Entry> entries_of(const Folder& folder, int source);
  void refuse(std::string path, EntryKind kind, proto::FileEnd end);

  const CopyPlaces& places_;
  const std::string temporary_;
  WalkSink& sink_;
  struct stat target_status_ {};
  std::vector<Folder> left_;  // found, not walked
  HardLinks links_;
  CopiedFolders folders_;
};

}  // namespace jobpool::cli
