// The functions of jobpool copy, called as the worker calls them.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/copy/target_names.hpp"
#include "daemon/worker/function/copy/file_copy.hpp"
#include "proto/copy_job.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/unit/refused_calls.hpp"
#include "tests/unit/worker/functions.hpp"

namespace jobpool::worker {
namespace {

using proto::CopyEnd;
using testing::read_file;
using testing::TempDir;
using testing::write_file;

proto::FolderId folder_id(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return {status.st_dev, status.st_ino};
}

// A source and a target folder, and the worker's functions.
class Copies {
 public:
  Copies() {
    REQUIRE(::chmod(folder_.path().c_str(), 0777) == 0);
    REQUIRE(::mkdir(source().c_str(), 0755) == 0);
    REQUIRE(::mkdir(target().c_str(), 0777) == 0);
    REQUIRE(::chmod(target().c_str(), 0777) == 0);
    roots.source = source();
    roots.target = target();
    roots.source_id = folder_id(source());
    roots.target_id = folder_id(target());
    roots.user = ::geteuid();
    roots.run = "0123456789abcdef";
  }
  std::string source(const std::string& name = "") const { return folder_.file("source") + (name.empty() ? "" : "/" + name); }
  std::string target(const std::string& name = "") const { return folder_.file("target") + (name.empty() ? "" : "/" + name); }

  proto::CopyReport copy(std::vector<std::string> names, bool fresh = false, std::string folder = "") {
    const proto::CopyFiles job{roots, {{std::move(folder), fresh, std::move(names), {}}}};
    return report(functions.answer("copy_files", "[" + proto::write_copy_files(job) + "]"));
  }
  proto::CopyReport copy_range(const std::string& name, const std::string& to, off_t offset, off_t length) {
    struct stat status {};
    REQUIRE(::stat(source(name).c_str(), &status) == 0);
    const proto::CopyRange job{roots, "", name, to, true, offset, length, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    return report(functions.answer("copy_range", "[" + proto::write_copy_range(job) + "]"));
  }

  proto::CopyRoots roots;
  Functions functions;

 private:
  static proto::CopyReport report(const std::string& answer) {
    INFO(answer);
    auto read = proto::read_copy_report(answer);
    REQUIRE(read);
    return std::move(*read);
  }
  TempDir folder_;
};

TEST_CASE("files are copied with all that they have, and nothing is left beside them") {
  Copies copies;
  write_file(copies.source("a"), "one", 0640);
  write_file(copies.source("b"), std::string(300'000, 'b'), 0444);
  write_file(copies.source("empty"), "", 0600);
  const auto report = copies.copy({"a", "b", "empty"}, true);
  REQUIRE(report.files.size() == 3);
  CHECK(report.files[1].end == CopyEnd::copied);
  CHECK(report.files[1].bytes == 300'000);
  auto wanted = testing::tree_of(copies.source()), got = testing::tree_of(copies.target());
  wanted.erase("");
  got.erase("");
  CHECK(got == wanted);
}

TEST_CASE("a job that is run again after its worker's death finds what was done, and does the rest") {
  Copies copies;
  write_file(copies.source("a"), "one");
  write_file(copies.source("b"), "two");
  REQUIRE(copies.copy({"a"}).files[0].end == CopyEnd::copied);
  const auto report = copies.copy({"a", "b"});
  CHECK(report.files[0].end == CopyEnd::skipped);
  CHECK(report.files[1].end == CopyEnd::copied);
  // The folder was made by this run, so that nothing is looked for; a first attempt may have been there all the same.
  CHECK(copies.copy({"a", "b"}, true).files[0].end == CopyEnd::copied);
  CHECK(read_file(copies.target("a")) == "one");
}

// "makefile" took the place of "Makefile" in a target that has one name for both, and the copy was said to be complete.
TEST_CASE("what got its name after the client looked is replaced by a further attempt only") {
  Copies copies;
  write_file(copies.source("makefile"), "the second");
  write_file(copies.target("makefile"), "the first");
  const auto report = copies.copy({"makefile"}, true);
  REQUIRE(report.files.size() == 1);
  CHECK(report.files[0].end == CopyEnd::failed);
  CHECK(report.files[0].reason == copy::kNameIsTaken);
  CHECK(read_file(copies.target("makefile")) == "the first");
  CHECK(testing::tree_of(copies.target()).size() == 2);
  copies.functions.setup.attempt.number = 2;
  CHECK(copies.copy({"makefile"}, true).files[0].end == CopyEnd::copied);
  CHECK(read_file(copies.target("makefile")) == "the second");
}

TEST_CASE("what an attempt left that was killed is gone when a further one has copied the folder") {
  // The bug: where there are no files without a name the half of one stayed, in a copy that was said to be complete.
  Copies copies;
  write_file(copies.source("a"), "whole");
  const std::string begin = ".jobpool-copy-" + copies.roots.run + "-", job = std::to_string(copies.functions.setup.attempt.job.value);
  write_file(copies.target(begin + job + "-1"), "wh");
  write_file(copies.target(begin + job + "-2"), "who");
  write_file(copies.target(begin + "4711-1"), "another job's");
  copies.functions.setup.attempt.number = 3;
  CHECK(copies.copy({"a"}, true).files[0].end == CopyEnd::copied);
  auto left = testing::tree_of(copies.target());
  CHECK(left.count("a") == 1);
  CHECK(left.count(begin + "4711-1") == 1);
  CHECK(left.size() == 3);  // and the folder itself
}

TEST_CASE("a file that changes while it is copied to a new name is copied once more") {
  // The bug: its second copy found the first by its name, took it for somebody else's, and left it as it was, torn.
  constexpr std::size_t kBytes = 2 * copy::kPieceBytes + 1;
  Copies copies;
  write_file(copies.source("a"), std::string(kBytes, 'a'));
  const UniqueFd source(::open(copies.source().c_str(), O_RDONLY | O_DIRECTORY)),
      target(::open(copies.target().c_str(), O_RDONLY | O_DIRECTORY));
  int calls = 0;
  const auto grow_once = [&] {
    if (++calls == 1) std::ofstream(copies.source("a"), std::ios::app) << "more";
    return false;
  };
  const CopyTerms terms{.temporary = "temporary", .stop = grow_once};
  const proto::FileEnd end = copy_file({.source = source.get(), .target = target.get(), .fresh = true, .inherited = {}}, "a", "a", terms);
  INFO(end.reason);
  CHECK(end.end == CopyEnd::copied);
  CHECK(calls > 1);
  CHECK((read_file(copies.target("a")) == std::string(kBytes, 'a') + "more"));
}

TEST_CASE("another file by the name is replaced in one step, and a folder is not") {
  Copies copies;
  write_file(copies.source("a"), "new text");
  write_file(copies.source("b"), "new text");
  write_file(copies.target("a"), "old");
  REQUIRE(::mkdir(copies.target("b").c_str(), 0700) == 0);
  const auto report = copies.copy({"a", "b"});
  CHECK(report.files[0].end == CopyEnd::copied);
  CHECK(read_file(copies.target("a")) == "new text");
  CHECK(report.files[1].end == CopyEnd::failed);
  CHECK(testing::tree_of(copies.target()).size() == 3);
}

TEST_CASE("what cannot be read, is gone or is no file any more is told, and the others are copied") {
  Copies copies;
  write_file(copies.source("locked"), "secret", 0000);
  write_file(copies.source("after"), "text");
  REQUIRE(::mkfifo(copies.source("fifo").c_str(), 0666) == 0);
  REQUIRE(::symlink("after", copies.source("link").c_str()) == 0);
  const testing::AsNobody nobody;
  copies.roots.user = ::geteuid();
  const auto report = copies.copy({"locked", "gone", "fifo", "link", "after"});
  REQUIRE(report.files.size() == 5);
  CHECK(report.files[0].end == CopyEnd::failed);
  CHECK(report.files[0].reason == "cannot open the source: Permission denied");
  CHECK(report.files[1].end == CopyEnd::vanished);
  CHECK(report.files[2].reason == "it is no regular file any more");
  CHECK(report.files[3].end == CopyEnd::failed);
  CHECK(report.files[4].end == CopyEnd::copied);
}

TEST_CASE("a folder that is gone costs its own files only") {
  Copies copies;
  CHECK(copies.copy({"a", "b"}, false, "gone").files[1].end == CopyEnd::vanished);
  REQUIRE(::mkdir(copies.source("here").c_str(), 0700) == 0);
  const auto report = copies.copy({"a"}, false, "here");
  CHECK(report.files[0].reason == "cannot open the target's folder: No such file or directory");
}

TEST_CASE("verification finds other bytes behind the same length and time") {
  Copies copies;
  write_file(copies.source("a"), "one");
  copies.roots.verify = true;
  CHECK(copies.copy({"a"}).files[0].end == CopyEnd::copied);
  CHECK(copies.copy({"a"}).files[0].end == CopyEnd::skipped);
  struct stat status {};
  REQUIRE(::stat(copies.source("a").c_str(), &status) == 0);
  write_file(copies.target("a"), "onE");
  const timespec times[2] = {status.st_atim, status.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, copies.target("a").c_str(), times, 0) == 0);
  const auto report = copies.copy({"a"});
  CHECK(report.files[0].end == CopyEnd::differs);
  CHECK(report.files[0].reason == "the bytes differ from offset 2 on");
}

TEST_CASE("a range fills its place in the file that is there, and says when the source is another one meanwhile") {
  Copies copies;
  write_file(copies.source("a"), std::string(1000, 'a') + std::string(1000, 'b'));
  write_file(copies.target("t"), "");
  copies.roots.verify = true;
  CHECK(copies.copy_range("a", "t", 1000, 1000).files[0].end == CopyEnd::copied);
  CHECK(read_file(copies.target("t")) == std::string(1000, '\0') + std::string(1000, 'b'));
  CHECK(copies.copy_range("a", "none", 0, 10).files[0].end == CopyEnd::failed);
  const proto::CopyRange old{copies.roots, "", "a", "t", true, 0, 1000, 2000, 1, 1};
  const std::string answer = copies.functions.answer("copy_range", "[" + proto::write_copy_range(old) + "]");
  CHECK(proto::read_copy_report(answer)->files[0].end == CopyEnd::changed);
}

// The close of a file was not looked at: a copy to NFS without room was empty files, and said to be complete.
TEST_CASE("what a close tells was not written is not copied") {
  Copies copies;
  write_file(copies.source("a"), "one");
  write_file(copies.target("t"), "");
  {
    const testing::Refused broken(testing::RefusedCall::close, EIO);
    CHECK(copies.copy({"a"}).files[0].reason == "cannot write the target: Input/output error");
    CHECK(copies.copy_range("a", "t", 0, 3).files[0].end == CopyEnd::failed);
  }
  {
    const testing::Refused full(testing::RefusedCall::close, ENOSPC);
    CHECK(copies.copy({"a"}).files[0].end == CopyEnd::no_room);
    CHECK(copies.copy_range("a", "t", 0, 3).files[0].end == CopyEnd::no_room);
  }
  CHECK(::access(copies.target("a").c_str(), F_OK) != 0);
  CHECK(copies.copy({"a"}).files[0].end == CopyEnd::copied);
}

// A file whose attributes found no room was copied without them, and never again. As a full disk it would stop the copy for ever.
TEST_CASE("a file whose attributes find no room is not copied and the others are") {
  Copies copies;
  write_file(copies.source("a"), "one");
  write_file(copies.source("b"), "two");
  if (::setxattr(copies.source("a").c_str(), "user.colour", "red", 3, 0) != 0) return;  // no attributes here
  {
    const testing::Refused full(testing::RefusedCall::set_attribute, ENOSPC);
    const auto report = copies.copy({"a", "b"});
    REQUIRE(report.files.size() == 2);
    CHECK(report.files[0].end == CopyEnd::failed);
    CHECK(report.files[0].reason == "cannot set an extended attribute: No space left on device");
    CHECK(report.files[1].end == CopyEnd::copied);
  }
  CHECK(::access(copies.target("a").c_str(), F_OK) != 0);
  CHECK(copies.copy({"a"}).files[0].end == CopyEnd::copied);
}

TEST_CASE("a worker that sees other folders or is somebody else does nothing and says so") {
  Copies copies;
  write_file(copies.source("a"), "one");
  const auto roots = copies.roots;
  copies.roots.source_id.inode += 1;
  CHECK(copies.copy({"a"}).problem.find("other mounts") != std::string::npos);
  copies.roots = roots;
  copies.roots.user += 1;
  CHECK(copies.copy({"a"}).problem.find("works as user") != std::string::npos);
  copies.roots = roots;
  copies.roots.target += "/none";
  CHECK(copies.copy({"a"}).problem.find("No such file") != std::string::npos);
  CHECK(testing::tree_of(copies.target()).size() == 1);
}

TEST_CASE("a copying job that is to stop leaves nothing half done") {
  Copies copies;
  write_file(copies.source("a"), "one");
  copies.functions.setup.order(control::OrderKind::stop, 0);
  const proto::CopyFiles job{copies.roots, {{"", false, {"a"}, {}}}};
  CHECK(copies.functions.answer("copy_files", "[" + proto::write_copy_files(job) + "]").starts_with("Stopped: "));
  CHECK(testing::tree_of(copies.target()).size() == 1);
}

TEST_CASE("arguments that are no copying job are refused by the field's name") {
  Copies copies;
  CHECK(copies.functions.answer("copy_files", "[]") == "ArgumentError: argument 1: must be an object");
  CHECK(copies.functions.answer("copy_range", "[{}]") == "ArgumentError: source: missing, unknown or of the wrong type");
}

}  // namespace
}  // namespace jobpool::worker
