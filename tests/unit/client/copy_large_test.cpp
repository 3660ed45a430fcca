// A large file's ends, told range by range as workers would. (What is large is the walk's business: these are small.)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "client/cli/copy/large_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/refused_calls.hpp"

using namespace jobpool;
using namespace jobpool::cli;
using proto::CopyEnd;
using testing::Refused;
using testing::RefusedCall;

namespace {

// source/file, and the folder of its copy. Verified, so that a clone too has ranges.
class LargeCopy {
 public:
  LargeCopy() {
    for (const char* name : {"source", "target"}) REQUIRE(::mkdir(folder_.file(name).c_str(), 0755) == 0);
    testing::write_file(folder_.file("source/file"), "the text");
    places_.source_root = opened("source");
    places_.target_root = opened("target");
    roots_.verify = true;
  }
  void put_in_target(const std::string& text) const {
    testing::write_file(target(), text);
    const struct stat source = status();
    const std::array<timespec, 2> times{source.st_atim, source.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, target().c_str(), times.data(), 0) == 0);
  }
  // What becomes of it when its one range ends so.
  proto::FileEnd end_after(CopyEnd range, bool fresh = false) {
    LargeFile file(places_, {"", fresh, "file", "file", status()}, ".jobpool-copy-large");
    REQUIRE_FALSE(file.begin(roots_));
    REQUIRE(file.ranges(roots_).size() == 1);
    const auto end = file.on_range({range, 8, false, "it changed while it was copied"}, roots_);
    REQUIRE(end);
    return *end;
  }
  std::string target() const { return folder_.file("target/file"); }
  std::size_t names_in_target() const { return testing::tree_of(folder_.file("target")).size() - 1; }

 private:
  UniqueFd opened(const char* name) const { return UniqueFd(::open(folder_.file(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
  struct stat status() const {
    struct stat status {};
    REQUIRE(::stat(folder_.file("source/file").c_str(), &status) == 0);
    return status;
  }
  testing::TempDir folder_;
  CopyPlaces places_;
  proto::CopyRoots roots_;
};

}  // namespace

// "large" took the place of "LARGE" in a target that has one name for both.
TEST_CASE("a large file takes no name that was free and is not any more") {
  LargeCopy copy;
  copy.put_in_target("of another name");
  CHECK(copy.end_after(CopyEnd::copied, true).end == CopyEnd::failed);
  CHECK(testing::read_file(copy.target()) == "of another name");
  CHECK(copy.names_in_target() == 1);
  CHECK(copy.end_after(CopyEnd::copied).end == CopyEnd::copied);
}

// The close of a file was not looked at: a copy to NFS without room was empty files, and said to be complete.
TEST_CASE("a large file whose close tells that it was not written gets no name") {
  LargeCopy copy;
  {
    const Refused full(RefusedCall::close, EDQUOT);
    CHECK(copy.end_after(CopyEnd::copied, true).end == CopyEnd::no_room);
  }
  CHECK(copy.names_in_target() == 0);
  CHECK(copy.end_after(CopyEnd::copied, true).end == CopyEnd::copied);
}

// A range that found another source than the walk was compared with nothing, and counted as compared: --verify said well of it.
TEST_CASE("a large file that was there and has changed since is not said to be the same") {
  LargeCopy copy;
  copy.put_in_target("the text");
  CHECK(copy.end_after(CopyEnd::copied).end == CopyEnd::skipped);
  const proto::FileEnd end = copy.end_after(CopyEnd::changed);
  CHECK(end.end == CopyEnd::changed);
  CHECK(end.reason == "it changed while it was compared");
  CHECK(copy.names_in_target() == 1);
}

// The same of one that was written, where the source had its old time again at the end.
TEST_CASE("a large file of which a range says that it changed did change") {
  LargeCopy copy;
  const proto::FileEnd end = copy.end_after(CopyEnd::changed, true);
  CHECK(end.end == CopyEnd::changed);
  CHECK(end.reason == "it changed while it was copied");
  CHECK(copy.names_in_target() == 1);
}
