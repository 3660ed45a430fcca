// What the tests of lost power share: the disk as a TrialDisk's changes leave it, and what is found on it, in a directory. For tests only.
#pragma once

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "tests/fault/power_loss.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::fault {

inline DiskModel model_of(const testing::TrialDisk& disk) {
  DiskModel model;
  for (const testing::Change& change : disk.changes()) model.apply(change);
  return model;
}

inline void write_files(const std::string& dir, const std::map<std::string, std::string>& files) {
  std::filesystem::create_directory(dir + "/results");
  for (const auto& [path, content] : files)
    if (path != "ballast") std::ofstream(dir + "/" + path, std::ios::binary) << content;
}

// As if whoever makes something had died before its first change, its second … and after the last. Then `use` has the disk.
inline void cut_off_at_each_change(const std::function<bool(testing::TrialDisk&)>& make,
                                   const std::function<void(testing::TrialDisk&)>& use) {
  int cut_off = 0;
  for (bool was_cut_off = true; was_cut_off; ++cut_off) {
    INFO("change " << cut_off);
    const testing::TempDir dir(testing::TempDir::On::memory);
    testing::TrialDisk disk(dir.path());
    std::atomic<int> changes{0};
    disk.fault = [&](const testing::Change&) { return changes++ >= cut_off ? EIO : 0; };
    was_cut_off = !make(disk);
    disk.fault = nullptr;
    use(disk);
  }
  CHECK(cut_off > 3);
}

}  // namespace jobpool::fault
