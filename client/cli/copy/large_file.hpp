// A file that several workers copy at once, each a range: made under a temporary name by the client, and named by it when all ranges are
// there. Where the file system can share the blocks (FICLONE), there is nothing to copy.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/copy/place.hpp"
#include "client/cli/copy/plan.hpp"
#include "common/copy/file_error.hpp"

namespace jobpool::cli {

class LargeFile {
 public:
  // Requires: `places` outlives it.
  LargeFile(const CopyPlaces& places, FoundFile file, std::string temporary);
  // Removes what has no final name.
  ~LargeFile();
  LargeFile(const LargeFile&) = delete;
  LargeFile& operator=(const LargeFile&) = delete;

  // Opens and makes. An end: nothing is left to do. Else ranges() are.
  std::optional<proto::FileEnd> begin(const proto::CopyRoots& roots);
  std::vector<proto::CopyRange> ranges(const proto::CopyRoots& roots) const;

  // One range is over. The file's end after the last one. Any thread.
  std::optional<proto::FileEnd> on_range(const proto::FileEnd& range, const proto::CopyRoots& roots);

  const FoundFile& file() const { return file_; }

 private:
  std::optional<proto::FileEnd> open_both();
  std::optional<proto::FileEnd> make_temporary();
  bool give_name();  // errno says why not
  proto::FileEnd finish(const proto::CopyRoots& roots);

  const CopyPlaces& places_;
  FoundFile file_;
  const std::string temporary_;
  UniqueFd source_folder_, target_folder_, source_, target_;
  bool is_named_ = true;  // nothing to remove

  enum class Way { ranges, cloned, was_there };
  Way way_ = Way::ranges;
  std::mutex mutex_;
  std::size_t ranges_left_ = 0;
  bool changed_ = false;  // in a range's eyes: it was not compared
  std::optional<proto::FileEnd> failure_;
};

}  // namespace jobpool::cli
