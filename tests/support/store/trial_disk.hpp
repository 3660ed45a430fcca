// A disk under a store that is put to the test: all that changes files goes through it, from SQLite (as a VFS of its own name) and from the
// store's other files (as a Disk). It writes down every change, can fail any of them, and can run out of room. The changes really happen,
// in the directory the store was opened in. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/broker/store/store_options.hpp"

namespace jobpool::testing {

struct Change {
  // failed_sync: by a fault. Of other changes that fail nothing is written down.
  enum class Kind { create, write, truncate, sync, failed_sync, remove, rename, sync_directory, mark } kind;
  std::string path;         // within the state directory; of sync_directory: the directory ("" is the state directory itself)
  std::int64_t offset = 0;  // of truncate: the size; of mark: the number
  std::string bytes;        // of rename: the new path
};

class TrialVfs;

class TrialDisk : public broker::Disk {
 public:
  explicit TrialDisk(std::string root);
  ~TrialDisk() override;

  broker::StoreOptions options() const;

  // 0, or the errno with which the change fails; asked before each. Set while no store is open.
  std::function<int(const Change&)> fault;
  // How many bytes files may grow from now on, all together; what shrinks gives back. Negative: no limit.
  void set_room(std::int64_t bytes);

  // Something the test wants to find again among the changes.
  void mark(std::uint64_t number);
  std::vector<Change> changes() const;

  Result<UniqueFd> open(int directory, const std::string& name) override;
  Result<void> write(int fd, std::string_view bytes, off_t offset) override;
  Result<void> truncate(int fd, off_t size) override;
  Result<void> allocate(int fd, off_t size) override;
  Result<void> sync(int fd) override;
  Result<void> sync_directory(int directory) override;
  Result<void> remove(int directory, const std::string& name) override;
  Result<void> rename(int directory, const std::string& from, const std::string& to) override;

 private:
  friend class TrialVfs;
  // 0: it may happen, and is written down; else its errno.
  int admit(Change change);
  int take_room(const Change& change);
  std::string within(const std::string& path) const;  // the root taken off
  std::string path_of(int fd) const;

  const std::string root_;
  mutable std::mutex mutex_;
  std::vector<Change> changes_;
  std::map<std::string, std::int64_t> sizes_;
  std::int64_t room_ = -1;
  std::unique_ptr<TrialVfs> vfs_;
};

}  // namespace jobpool::testing
