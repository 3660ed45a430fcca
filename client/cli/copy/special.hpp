// What is no regular file and no folder: links, FIFOs and devices are made anew by the client itself; there are no bytes to copy.
#pragma once

#include <sys/stat.h>

#include <string>

#include "client/cli/copy/finished.hpp"

namespace jobpool::cli {

// One name in two open folders.
struct NamePair {
  int source_folder = -1, target_folder = -1;
  std::string name, target;
  std::string temporary;  // for what takes the place of something; nobody else uses it
  bool fresh = false;     // nothing had `target` when the walk looked: what has it now is the copy of another name
};

// A socket is passed over: it belongs to the program that listens there.
Finished make_special(const NamePair& names, const struct stat& status, std::string path);

// A second name `target` in the folder, of `first` in `first_folder`.
proto::FileEnd make_hard_link(int first_folder, const std::string& first, const NamePair& names);

}  // namespace jobpool::cli
