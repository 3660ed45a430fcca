// One file's copy: opened, written beside, checked, given its metadata and then its name; or one range of a large file that the client
// has made and will name. Worker process, any of its threads.
#pragma once

#include <string>
#include <vector>

#include "common/copy/contents.hpp"
#include "common/copy/metadata.hpp"
#include "proto/copy_job.hpp"

namespace jobpool::worker {

// A folder and its copy, both open.
struct FolderPair {
  int source = -1, target = -1;
  bool fresh = false;  // the target's had nothing by the names that are to be copied, when the client looked
  copy::Inheritance inherited;
};

struct CopyTerms {
  bool verify = false, sync = false;
  bool again = false;                  // an attempt before this one may have done all of it
  std::string temporary;               // this attempt's own name; it writes one file at a time
  std::vector<std::string> earlier{};  // those of the attempts before, which are dead
  copy::StopAsked stop;                // then what is returned means nothing
};

// Never throws; what goes wrong is in the answer.
proto::FileEnd copy_file(const FolderPair& folders, const std::string& name, const std::string& target, const CopyTerms& terms);
proto::FileEnd copy_range(const FolderPair& folders, const proto::CopyRange& range, const CopyTerms& terms);

}  // namespace jobpool::worker
