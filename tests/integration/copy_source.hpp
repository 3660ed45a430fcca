// A folder to copy, and where its copy goes; both in a daemon's own folder. For the tests of jobpool copy.
#pragma once

#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/file_tree.hpp"

namespace jobpool::testing {

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Gives a file or folder an ACL: "system.posix_acl_access", or that of what will be made in it: "system.posix_acl_default".
void give_access_list(const std::string& path, const char* attribute);

class CopySource {
 public:
  explicit CopySource(const Daemon& daemon) : CopySource(daemon.folder()) {}
  explicit CopySource(std::filesystem::path folder);

  // Makes everything removable again, for whoever is not root.
  ~CopySource();
  CopySource(const CopySource&) = delete;
  CopySource& operator=(const CopySource&) = delete;

  std::string path(const std::string& name = "") const { return below(folder_ / "source", name); }
  std::string target(const std::string& name = "") const { return below(folder_ / "target", name); }

  // files/0 to files/(count-1), of different lengths, modes and times; a hundred to a folder from the second hundred on.
  void make_small_files(int count) const;
  // What cannot be compressed or shared, of so many MiB, with a hole in its middle.
  void make_large_file(const std::string& name, int mebibytes) const;
  // One of everything that is no plain file with a plain name.
  void make_odd_things() const;

 private:
  static std::string below(const std::filesystem::path& root, const std::string& name) { return name.empty() ? root : root / name; }

  std::filesystem::path folder_;
};

}  // namespace jobpool::testing
