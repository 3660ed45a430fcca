// What a disk may hold after the power went: worked out from the changes that a TrialDisk wrote down.
//
// Synced is there: a file's bytes by a sync of the file, its name by a sync of the directory. Of what came later, any part may be there, in
// any order; a write may be torn between sectors of 512 bytes. (A real file system promises more; a store that needs it is wrong.)
// What a sync that failed was to bring there is not, whatever is synced later: the kernel believes that it is (Linux since 4.13).
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/store/trial_disk.hpp"

namespace jobpool::fault {

class DiskModel {
 public:
  enum class Syncs { kept, ignored };  // ignored: a disk that lies, to see that the test would notice

  explicit DiskModel(Syncs syncs = Syncs::kept) : syncs_(syncs) {}

  // A file that is there, durable, before the first change.
  void begin_with(const std::string& path, std::string content);

  // The power is on: the change happens.
  void apply(const testing::Change& change);

  // The power goes: the files that are found afterwards, by path, one of the many ways.
  std::map<std::string, std::string> after_power_loss(std::mt19937& random) const;

 private:
  struct File {
    std::string durable;
    std::vector<testing::Change> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct NameChange {
    testing::Change change;
    std::shared_ptr<File> file;  // that gets the name; of remove: none
  };

  static void apply(Names& names, const NameChange& change);
  static void apply(std::string& content, const testing::Change& change);
  void sync(File& file);
  void sync_fails(File& file);
  void sync_directory(const std::string& directory);

  Syncs syncs_;
  Names now_, durable_;  // the names as programs see them, and as the disk has them
  std::vector<NameChange> unsynced_;
};

}  // namespace jobpool::fault
