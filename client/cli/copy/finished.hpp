// What is known of one name when nothing is left to do about it. Plain values.
#pragma once

#include <sys/stat.h>

#include <string>

#include "proto/copy_job.hpp"

namespace jobpool::cli {

enum class EntryKind { file, folder, symlink, fifo, socket, device };

inline EntryKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::file;
  if (S_ISDIR(mode)) return EntryKind::folder;
  if (S_ISLNK(mode)) return EntryKind::symlink;
  if (S_ISFIFO(mode)) return EntryKind::fifo;
  return S_ISSOCK(mode) ? EntryKind::socket : EntryKind::device;
}

struct Finished {
  std::string path;  // beneath what is copied; empty: that itself
  EntryKind kind = EntryKind::file;
  proto::FileEnd end;
  std::string linked_to = {};  // of a hard link: the path of its other name, which was copied
  bool passed_over = false;    // on purpose, see end.reason
};

inline bool is_well(const Finished& finished) {
  return finished.end.end == proto::CopyEnd::copied || finished.end.end == proto::CopyEnd::skipped;
}

// "a/b" of the folder "a" and the name "b".
inline std::string joined(const std::string& folder, const std::string& name) { return folder.empty() ? name : folder + "/" + name; }

}  // namespace jobpool::cli
