// See plan.hpp.
#include "client/cli/copy/plan.hpp"

#include <algorithm>
#include <utility>

namespace jobpool::cli {

std::optional<FileBatch> BatchPlan::add(const FoundFile& file) {
  std::vector<proto::CopyFolder>& folders = batch_.job.folders;
  if (folders.empty() || folders.back().path != file.folder || folders.back().fresh != file.fresh)
    folders.push_back({file.folder, file.fresh, {}, {}});
  proto::CopyFolder& folder = folders.back();
  folder.files.push_back(file.name);
  if (file.target != file.name) folder.targets.push_back(file.target);
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(file.status.st_size, 0));
  batch_.sizes.push_back(size);
  bytes_ += size;
  return batch_.sizes.size() >= kFilesOfBatch || bytes_ >= kBytesOfBatch ? rest() : std::nullopt;
}

std::optional<FileBatch> BatchPlan::rest() {
  if (batch_.sizes.empty()) return std::nullopt;
  bytes_ = 0;
  batch_.job.roots = roots_;
  return std::exchange(batch_, {});
}

std::vector<copy::Span> ranges_of(off_t size) {
  std::vector<copy::Span> ranges;
  off_t offset = 0;
  do {
    ranges.push_back({offset, std::min<off_t>(kRangeBytes, size - offset)});
    offset += kRangeBytes;
  } while (offset < size);
  return ranges;
}

}  // namespace jobpool::cli
