// See power_loss.hpp.
#include "tests/fault/power_loss.hpp"

#include <algorithm>
#include <utility>

namespace jobpool::fault {

using testing::Change;
using Kind = Change::Kind;

namespace {

constexpr std::size_t kSector = 512;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

// How much of what was not synced reached the disk, by chance: also all of it, and nothing.
class Survival {
 public:
  explicit Survival(std::mt19937& random) : random_(random) {
    constexpr unsigned kChances[] = {0, 100, 50, 90, 10};
    percent_ = kChances[random_() % 5];
    tears_ = random_() % 2 == 0;
  }
  bool of_change() { return random_() % 100 < percent_; }

  // The sectors of a write that survive, as writes of their own.
  std::vector<Change> of_write(const Change& change) {
    if (!tears_) return of_change() ? std::vector<Change>{change} : std::vector<Change>{};
    std::vector<Change> parts;
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::size_t position = static_cast<std::size_t>(change.offset) + at;
      const std::size_t length = std::min(kSector - position % kSector, change.bytes.size() - at);
      if (of_change()) parts.push_back({Kind::write, change.path, static_cast<std::int64_t>(position), change.bytes.substr(at, length)});
      at += length;
    }
    return parts;
  }

 private:
  std::mt19937& random_;
  unsigned percent_ = 0;
  bool tears_ = false;
};

}  // namespace

void DiskModel::begin_with(const std::string& path, std::string content) {
  const auto file = std::make_shared<File>();
  file->durable = std::move(content);
  now_[path] = durable_[path] = file;
}

void DiskModel::apply(const Change& change) {
  switch (change.kind) {
    case Kind::create:
      unsynced_.push_back({change, std::make_shared<File>()});
      return apply(now_, unsynced_.back());
    case Kind::rename:
      unsynced_.push_back({change, now_.at(change.path)});
      return apply(now_, unsynced_.back());
    case Kind::remove:
      unsynced_.push_back({change, nullptr});
      return apply(now_, unsynced_.back());
    case Kind::write:
    case Kind::truncate:
      return now_.at(change.path)->unsynced.push_back(change);
    case Kind::sync:
      return sync(*now_.at(change.path));
    case Kind::failed_sync:
      return sync_fails(*now_.at(change.path));
    case Kind::sync_directory:
      return sync_directory(change.path);
    case Kind::mark:
      return;
  }
}

void DiskModel::apply(Names& names, const NameChange& change) {
  if (change.change.kind != Kind::create) names.erase(change.change.path);
  if (change.change.kind == Kind::create) names[change.change.path] = change.file;
  if (change.change.kind == Kind::rename) names[change.change.bytes] = change.file;
}

void DiskModel::apply(std::string& content, const Change& change) {
  if (change.kind == Kind::truncate) return content.resize(static_cast<std::size_t>(change.offset), '\0');
  const auto offset = static_cast<std::size_t>(change.offset);
  if (content.size() < offset + change.bytes.size()) content.resize(offset + change.bytes.size(), '\0');
  content.replace(offset, change.bytes.size(), change.bytes);
}

void DiskModel::sync(File& file) {
  if (syncs_ == Syncs::ignored) return;
  for (const Change& change : file.unsynced) apply(file.durable, change);
  file.unsynced.clear();
}

// But for its length.
void DiskModel::sync_fails(File& file) {
  for (const Change& change : file.unsynced)
    if (change.kind == Kind::truncate) apply(file.durable, change);
  file.unsynced.clear();
}

void DiskModel::sync_directory(const std::string& directory) {
  std::erase_if(unsynced_, [&](const NameChange& change) {
    if (directory_of(change.change.path) != directory) return false;
    apply(durable_, change);
    return true;
  });
}

std::map<std::string, std::string> DiskModel::after_power_loss(std::mt19937& random) const {
  Survival survival(random);
  Names names = durable_;
  for (const NameChange& change : unsynced_) {
    if (survival.of_change()) apply(names, change);
  }
  std::map<std::string, std::string> files;
  for (const auto& [path, file] : names) {
    std::string content = file->durable;
    for (const Change& change : file->unsynced) {
      if (change.kind == Kind::truncate) {
        if (survival.of_change()) apply(content, change);
        continue;
      }
      for (const Change& part : survival.of_write(change)) apply(content, part);
    }
    files.emplace(path, std::move(content));
  }
  return files;
}

}  // namespace jobpool::fault
