// Where a copy goes, and what is found there and in the source.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "client/cli/copy/special.hpp"
#include "client/cli/copy/standing.hpp"
#include "client/cli/copy/unfinished.hpp"
#include "client/cli/copy/walk.hpp"
#include "common/copy/target_names.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;
using testing::TempDir;
using testing::write_file;

namespace {

class Collected : public WalkSink {
 public:
  void on_file(const FoundFile& file) override { files.push_back(joined(file.folder, file.name) + (file.fresh ? "" : " there")); }
  void on_end(Finished end) override { ends.push_back(std::move(end)); }
  bool is_stopped() const override { return stopped; }

  const Finished* end_of(const std::string& path) const {
    for (const Finished& end : ends)
      if (end.path == path) return &end;
    return nullptr;
  }
  std::vector<std::string> sorted_files() const {
    std::vector<std::string> sorted = files;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }

  std::vector<std::string> files;
  std::vector<Finished> ends;
  bool stopped = false;
};

CopyPlaces places_of(const TempDir& folder, IfThere if_there = IfThere::refuse) {
  auto places = find_places(folder.file("source"), folder.file("target"), if_there);
  REQUIRE(places);
  REQUIRE(make_target(*places));
  return std::move(*places);
}

void make(const std::string& path, mode_t mode = 0755) {
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

std::string refusal(const std::string& source, const std::string& target, IfThere if_there = IfThere::refuse) {
  const auto places = find_places(source, target, if_there);
  return places ? "" : places.error().text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the walk makes folders, links and FIFOs, and names the files for the workers") {
  const TempDir folder;
  make(folder.file("source"), 0750);
  make(folder.file("source/sub"), 0555);
  write_file(folder.file("source/file"), "text");
  REQUIRE(::symlink("no/where", folder.file("source/link").c_str()) == 0);
  REQUIRE(::mkfifo(folder.file("source/fifo").c_str(), 0622) == 0);
  REQUIRE(::link(folder.file("source/file").c_str(), folder.file("source/other").c_str()) == 0);
  const CopyPlaces places = places_of(folder);
  Collected found;
  TreeWalk walk(places, ".jobpool-copy-test", found);
  walk.run();
  REQUIRE(found.files.size() == 1);  // by one of its names
  REQUIRE(found.ends.size() == 2);
  CHECK(is_well(found.ends[0]));
  CHECK(is_well(found.ends[1]));
  write_file(folder.file("target/") + found.files[0], "text");
  const auto links = walk.links().make(places, {}, ".jobpool-copy-link");
  REQUIRE(links.size() == 1);
  CHECK(is_well(links[0]));
  CHECK(walk.folders().finish(places, [] {}).empty());
  auto wanted = testing::tree_of(folder.file("source")), got = testing::tree_of(folder.file("target"));
  for (const char* name : {"file", "other"}) wanted.erase(name), got.erase(name);  // workers give them their times
  CHECK(got == wanted);
}

TEST_CASE("a folder and a file that nobody may read are named, and the walk goes on") {
  const TempDir folder;
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  make(folder.file("source"));
  make(folder.file("source/locked"), 0000);
  make(folder.file("source/open"));
  write_file(folder.file("source/open/file"), "text");
  const testing::AsNobody nobody;
  const CopyPlaces places = places_of(folder);
  Collected found;
  TreeWalk(places, "t", found).run();
  REQUIRE(found.end_of("locked") != nullptr);
  CHECK(found.end_of("locked")->end.reason == "cannot open the folder: Permission denied");
  CHECK(found.files == std::vector<std::string>{"open/file"});
  REQUIRE(::chmod(folder.file("target/locked").c_str(), 0700) == 0);
}

TEST_CASE("a walk that nobody wants the rest of ends") {
  const TempDir folder;
  make(folder.file("source"));
  write_file(folder.file("source/file"), "text");
  const CopyPlaces places = places_of(folder);
  Collected found;
  found.stopped = true;
  TreeWalk(places, "t", found).run();
  CHECK(found.files.empty());
}

TEST_CASE("a copy that is gone on with knows what was there, clears up and takes the place of what is otherwise") {
  const TempDir folder;
  make(folder.file("source"));
  make(folder.file("source/sub"));
  make(folder.file("source/blocked"));
  write_file(folder.file("source/sub/file"), "text");
  write_file(folder.file("source/.jobpool-copy-own"), "somebody's");
  REQUIRE(::symlink("new", folder.file("source/link").c_str()) == 0);
  make(folder.file("target"));
  make(folder.file("target/sub"), 0500);
  write_file(folder.file("target/.jobpool-copy-dead"), "half");
  write_file(folder.file("target/.jobpool-copy-alive"), "half");
  write_file(folder.file("target/.jobpool-copy-own"), "somebody's");
  write_file(folder.file("target/blocked"), "no folder");
  REQUIRE(::symlink("old", folder.file("target/link").c_str()) == 0);
  const UniqueFd alive(::open(folder.file("target/.jobpool-copy-alive").c_str(), O_RDONLY | O_CLOEXEC));
  mark_in_use(alive.get());

  const CopyPlaces places = places_of(folder, IfThere::merge);
  Collected found;
  TreeWalk(places, ".jobpool-copy-test", found).run();
  CHECK(found.sorted_files() == std::vector<std::string>{".jobpool-copy-own there", "sub/file"});
  CHECK(testing::tree_of(folder.file("target")).contains("sub"));
  CHECK(::access(folder.file("target/.jobpool-copy-dead").c_str(), F_OK) != 0);
  CHECK(::access(folder.file("target/.jobpool-copy-alive").c_str(), F_OK) == 0);
  CHECK(::access(folder.file("target/.jobpool-copy-own").c_str(), F_OK) == 0);
  char text[8] = {};
  CHECK(::readlink(folder.file("target/link").c_str(), text, sizeof text) == 3);
  CHECK(std::string(text) == "new");
  REQUIRE(found.end_of("blocked") != nullptr);
  // What is in the way was not named: beside the source's name that read as if the source were to be removed.
  CHECK(found.end_of("blocked")->end.reason == "'" + folder.file("target/blocked") + "' is no folder; remove it");
}

// Of two names of the source that are one in the target (vfat and "Makefile" beside "makefile"), the second took the first's place.
TEST_CASE("whatever has a name that the walk saw free is left alone and told") {
  const TempDir folder;
  make(folder.file("source"));
  make(folder.file("target"));
  make(folder.file("source/sub"));
  make(folder.file("target/sub"));
  write_file(folder.file("source/sub/file"), "text");
  for (const char* name : {"link", "fifo", "hard"}) write_file(folder.file("target/") + name, "of another name");
  REQUIRE(::symlink("where", folder.file("source/link").c_str()) == 0);
  REQUIRE(::mkfifo(folder.file("source/fifo").c_str(), 0622) == 0);
  CopyPlaces places = places_of(folder, IfThere::merge);
  places.target_is_new = true;  // so the walk believes it to be empty
  Collected found;
  TreeWalk(places, ".jobpool-copy-test", found).run();
  CHECK(found.files.empty());
  REQUIRE(found.ends.size() == 3);
  for (const Finished& end : found.ends) {
    INFO(end.path);
    CHECK(end.end.end == proto::CopyEnd::failed);
    CHECK(end.end.reason == copy::kNameIsTaken);
  }
  const UniqueFd target(::open(folder.file("target").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(make_hard_link(target.get(), "link", {-1, target.get(), "hard", "hard", "t", true}).reason == copy::kNameIsTaken);
  for (const char* name : {"link", "fifo", "hard"}) CHECK(testing::read_file(folder.file("target/") + name) == "of another name");
}

// A copy that was gone on with took "makefile" for a file that had changed, where the target has "Makefile" for both.
TEST_CASE("a name that the target has for another one of the source is neither free nor there") {
  const TempDir folder;
  make(folder.file("source"));
  make(folder.file("target"));
  for (const char* name : {"source/A", "source/a", "target/A", "target/other"}) write_file(folder.file(name), "text");
  const UniqueFd source(::open(folder.file("source").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd target(::open(folder.file("target").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Standings standings(source.get(), target.get());
  // As where upper and lower case are one: found, and not listed.
  REQUIRE(::link(folder.file("target/A").c_str(), folder.file("target/a").c_str()) == 0);
  REQUIRE(::link(folder.file("target/other").c_str(), folder.file("target/another").c_str()) == 0);
  CHECK(standings.of("A") == Standing::is_there);
  CHECK(standings.of("a") == Standing::of_another);
  CHECK(standings.of("another") == Standing::is_there);  // spelt otherwise, but no other name's
  CHECK(standings.of("new") == Standing::is_free);
}

// A temporary file that could not be opened was removed as a dead copy's: another user's copy, at work in the same folder, lost its file.
TEST_CASE("a temporary file that cannot be asked whether it is in use is left alone") {
  const TempDir folder;
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  write_file(folder.file(".jobpool-copy-others"), "half", 0000);
  const UniqueFd target(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const testing::AsNobody nobody;
  REQUIRE(::symlink("where", folder.file(".jobpool-copy-link").c_str()) == 0);
  REQUIRE(::mkfifo(folder.file(".jobpool-copy-fifo").c_str(), 0600) == 0);
  write_file(folder.file(".jobpool-copy-dead"), "half");
  clear_leftovers(target.get(), -1);
  CHECK(copy::names_in(target.get()) == std::set<std::string>{".jobpool-copy-others"});
}

TEST_CASE("a link to a file that was not copied is named with it") {
  const TempDir folder;
  make(folder.file("source"));
  write_file(folder.file("source/a"), "text");
  REQUIRE(::link(folder.file("source/a").c_str(), folder.file("source/b").c_str()) == 0);
  const CopyPlaces places = places_of(folder);
  Collected found;
  TreeWalk walk(places, "t", found);
  walk.run();
  const auto links = walk.links().make(places, {found.files[0]}, "t");
  REQUIRE(links.size() == 1);
  CHECK(has(links[0].end.reason, "its other name, " + found.files[0]));
  CHECK(walk.links().make(places, {}, "t")[0].end.end == proto::CopyEnd::failed);  // it is not there, for whatever reason
}

TEST_CASE("a socket is passed over, and said to be") {
  const TempDir folder;
  make(folder.file("source"));
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{AF_UNIX, {}};
  const std::string path = folder.file("source/socket");
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::link(path.c_str(), folder.file("source/other").c_str()) == 0);  // a link to what is not copied could not be made
  const CopyPlaces places = places_of(folder);
  Collected found;
  TreeWalk walk(places, "t", found);
  walk.run();
  REQUIRE(found.ends.size() == 2);
  for (const Finished& end : found.ends) {
    CHECK(end.passed_over);
    CHECK(has(end.end.reason, "socket"));
  }
  CHECK(walk.links().make(places, {}, "t").empty());
}

TEST_CASE("what a killed copy left can be copied by its name") {
  // The bug: it was cleared up as a leftover of its folder before it was looked at, and may have been the last that there was of a file.
  const TempDir folder;
  const std::string left = folder.file(".jobpool-copy-0123456789abcdef-large-1");
  write_file(left, "rescued");
  const auto places = find_places(left, folder.file("copy"), IfThere::refuse);
  REQUIRE(places);
  Collected found;
  TreeWalk(*places, "t", found).run();
  CHECK(found.files.size() == 1);
  CHECK(found.ends.empty());
  CHECK(testing::read_file(left) == "rescued");
}

TEST_CASE("a copy into its source, over it or around it is refused, whatever the words") {
  const TempDir folder;
  make(folder.file("source"));
  make(folder.file("source/sub"));
  REQUIRE(::symlink("source/sub", folder.file("way").c_str()) == 0);
  const std::string source = folder.file("source");
  CHECK(has(refusal(source, source + "/copy"), "lies in"));
  CHECK(has(refusal(source, source + "/sub/copy"), "lies in"));
  CHECK(has(refusal(source, folder.file("way") + "/copy"), "lies in"));
  CHECK(has(refusal(source, source, IfThere::merge), "lies in"));
  CHECK(has(refusal(source + "/sub", source, IfThere::merge), "lies in"));
  CHECK(refusal(source, folder.file("sourceful")).empty());
}

TEST_CASE("what is there already is left alone unless it may be merged or is an unfinished copy") {
  const TempDir folder;
  make(folder.file("source"));
  make(folder.file("target"));
  write_file(folder.file("file"), "text");
  const std::string source = folder.file("source"), target = folder.file("target");
  CHECK(has(refusal(source, target), "--merge"));
  CHECK(refusal(source, target, IfThere::merge).empty());
  CHECK(has(refusal(source, folder.file("file"), IfThere::merge), "no folder"));
  CHECK(has(refusal(folder.file("file"), target, IfThere::merge), "is a folder"));
  CHECK(has(refusal(folder.file("file"), folder.file("file"), IfThere::merge), "same file"));
  CHECK(has(refusal(folder.file("gone"), target), "No such file"));
  write_file(folder.file("target/.jobpool-copy-unfinished"), "");
  CHECK(refusal(source, target).empty());
}

TEST_CASE("the copy of a folder is beside it, also of one that has no name of its own in the words") {
  const TempDir folder;
  make(folder.file("source"));
  CHECK(*default_target("a/b") == "a/b[复件]");
  CHECK(*default_target("a/b///") == "a/b[复件]");
  CHECK(*default_target(folder.file("source/.")) == folder.file("source[复件]"));
  CHECK(*default_target(folder.file("source/..")) == folder.path().string() + "[复件]");
}

TEST_CASE("a symbolic link is copied as one, unless a slash says that the folder is meant") {
  const TempDir folder;
  make(folder.file("source"));
  REQUIRE(::symlink("source", folder.file("link").c_str()) == 0);
  const auto link = find_places(folder.file("link"), folder.file("copy"), IfThere::refuse);
  REQUIRE(link);
  CHECK(link->source_name == "link");
  const auto inside = find_places(folder.file("link/"), folder.file("copy"), IfThere::refuse);
  REQUIRE(inside);
  CHECK_FALSE(inside->is_single());
}

TEST_CASE("one copy at a time is at work in a target, and it belongs to one source") {
  const TempDir folder;
  const UniqueFd target(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  {
    auto first = Unfinished::claim(target.get(), "/a");
    REQUIRE(first);
    CHECK(is_unfinished(target.get()));
    CHECK(Unfinished::claim(target.get(), "/a").error().code == Errc::full);
  }
  CHECK(is_unfinished(target.get()));  // as after a kill
  CHECK(has(Unfinished::claim(target.get(), "/b").error().text, "unfinished copy of /a"));
  auto again = Unfinished::claim(target.get(), "/a");
  REQUIRE(again);
  again->remove();
  CHECK_FALSE(is_unfinished(target.get()));
}
