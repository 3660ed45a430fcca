// A folder of the test's own, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace jobpool::testing {

class TempDir {
 public:
  enum class On { disk, memory };

  // In /tmp itself, since a socket's path has room for 107 bytes only. In memory, for tests that make thousands: where there is such a
  // place.
  explicit TempDir(On on = On::disk) {
    const bool in_memory = on == On::memory && std::filesystem::is_directory("/dev/shm");
    std::string pattern = in_memory ? "/dev/shm/jobpool-test-XXXXXX" : "/tmp/jobpool-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + pattern);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace jobpool::testing
