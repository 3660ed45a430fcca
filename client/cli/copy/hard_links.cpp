// See hard_links.hpp.
#include "client/cli/copy/hard_links.hpp"

#include "client/cli/copy/special.hpp"
#include "common/copy/file_error.hpp"
#include "common/copy/open_beneath.hpp"

namespace jobpool::cli {

bool HardLinks::is_known(const struct stat& file, const std::string& folder, const std::string& name, bool fresh) {
  if (file.st_nlink < 2) return false;
  const auto [at, is_first] = first_names_.try_emplace({file.st_dev, file.st_ino}, Name{folder, name});
  if (!is_first) links_.push_back({at->second, {folder, name}, fresh});
  return !is_first;
}

std::vector<Finished> HardLinks::make(const CopyPlaces& places, const std::set<std::string>& failed, const std::string& temporary) const {
  std::vector<Finished> made;
  for (const Link& link : links_) {
    const std::string first = joined(link.first.folder, link.first.name);
    Finished finished{joined(link.other.folder, link.other.name), EntryKind::file, {}, first};
    if (failed.contains(first))
      finished.end = {proto::CopyEnd::failed, 0, false, "its other name, " + first + ", could not be copied"};
    else
      finished = make_one(places, link, temporary);
    made.push_back(std::move(finished));
  }
  return made;
}

Finished HardLinks::make_one(const CopyPlaces& places, const Link& link, const std::string& temporary) const {
  Finished finished{joined(link.other.folder, link.other.name), EntryKind::file, {}, joined(link.first.folder, link.first.name)};
  const UniqueFd first = copy::open_folder_beneath(places.target_root.get(), link.first.folder);
  const UniqueFd other = copy::open_folder_beneath(places.target_root.get(), link.other.folder);
  if (!first || !other)
    finished.end = {proto::CopyEnd::failed, 0, false, copy::failed_to("open the target's folder").text()};
  else
    finished.end = make_hard_link(first.get(), link.first.name, {-1, other.get(), link.other.name, link.other.name, temporary, link.fresh});
  return finished;
}

}  // namespace jobpool::cli
