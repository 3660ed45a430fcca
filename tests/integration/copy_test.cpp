// jobpool copy: a folder and its copy are the same in all that a file has, whatever its name; and what a person is told.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "tests/integration/copy_source.hpp"
#include "tests/support/occupy.hpp"
#include "tests/support/pty.hpp"

using namespace jobpool::testing;

namespace {

// As shells do it: `value` of the variables that choose the language.
Invocation in_language(const Daemon& daemon, std::vector<std::string> words, const std::string& locale) {
  Invocation invocation = daemon.invocation(std::move(words));
  invocation.environment.push_back("LC_ALL=" + locale);
  return invocation;
}

}  // namespace

TEST_CASE("copy gives a folder's copy everything that the folder has, under names of any bytes") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(200);
  source.make_odd_things();
  const Finished finished = daemon.run({"copy", source.path(), source.target()});
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.empty());
  CHECK(has(finished.err, "copy complete: "));
  CHECK(has(finished.err, "socket: a socket is not copied"));
  CHECK(difference_of_trees(source.path(), source.target()) == "");
  CHECK(occupied_bytes(source.target("sparse")) <= occupied_bytes(source.path("sparse")) + 4096);
}

TEST_CASE("copy of all is exit code 0 though its last line cannot be written") {
  // The bug: it was 125.
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(3);
  const jobpool::UniqueFd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  Invocation invocation = daemon.invocation({"copy", source.path(), source.target()});
  invocation.stderr_fd = full.get();
  CHECK(run(std::move(invocation)).exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
}

TEST_CASE("copy gets nothing from where its target lies: neither its group nor its ACL") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(5);
  const std::string place = daemon.file("place");
  REQUIRE(::mkdir(place.c_str(), 0700) == 0);
  if (::geteuid() == 0) REQUIRE(::chown(place.c_str(), 0, 4321) == 0);
  REQUIRE(::chmod(place.c_str(), 02770) == 0);
  give_access_list(place, "system.posix_acl_default");
  CHECK(daemon.run({"copy", source.path(), place + "/copy"}).exit_code == 0);
  CHECK(difference_of_trees(source.path(), place + "/copy") == "");
  CHECK(daemon.run({"copy", source.path("files/1"), place + "/file"}).exit_code == 0);
  CHECK(tree_of(place).at("file") == tree_of(source.path()).at("files/1"));
}

TEST_CASE("copy makes 'SRC[复件]' when no name is given, and leaves alone what is there") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(10);
  CHECK(daemon.run({"copy", source.path() + "/"}).exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.path() + "[复件]") == "");
  const Finished again = daemon.run({"copy", source.path()});
  CHECK(again.exit_code == 1);
  CHECK(has(again.err, "[复件]: is there already"));
}

TEST_CASE("copy --merge copies what the target has not or has otherwise, and removes nothing") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(10);
  REQUIRE(daemon.run({"copy", source.path(), source.target()}).exit_code == 0);
  write_file(source.path("files/0"), "another text");
  write_file(source.path("files/new"), "new");
  write_file(source.target("own"), "stays");
  const Finished merged = daemon.run({"copy", "--merge", "--verbose", source.path(), source.target()});
  CHECK(merged.exit_code == 0);
  CHECK(read_file(source.target("files/0")) == "another text");
  CHECK(read_file(source.target("files/new")) == "new");
  CHECK(has(merged.err, "copy complete: 2 files"));
  CHECK(has(merged.err, "were there already: 9 files"));
  CHECK(difference_of_trees(source.path(), source.target()) == "not in the source: own\n");
}

TEST_CASE("copy copies single files and links, as cp -a does") {
  Daemon daemon;
  const CopySource source(daemon);
  write_file(source.path("file"), "text", 0640);
  REQUIRE(::symlink("file", source.path("link").c_str()) == 0);
  REQUIRE(::mkfifo(source.path("fifo").c_str(), 0600) == 0);
  REQUIRE(::mkdir(source.target().c_str(), 0700) == 0);
  for (const std::string name : {"file", "link", "fifo"}) {
    const Finished finished = daemon.run({"copy", source.path(name), source.target(name)});
    INFO(finished.err);
    CHECK(finished.exit_code == 0);
  }
  auto wanted = tree_of(source.path()), got = tree_of(source.target());
  wanted.erase(""), got.erase("");
  CHECK(got == wanted);
  CHECK(daemon.run({"copy", source.path("file"), source.target("file")}).exit_code == 1);
  CHECK(daemon.run({"copy", source.path("file")}).exit_code == 0);
  CHECK(read_file(source.path("file[复件]")) == "text");
  write_file(source.path("file"), "other text");
  CHECK(daemon.run({"copy", "--merge", source.path("file"), source.target("file")}).exit_code == 0);
  CHECK(read_file(source.target("file")) == "other text");
}

TEST_CASE("copy --verbose and --json list every name that is finished") {
  Daemon daemon;
  const CopySource source(daemon);
  write_file(source.path("a"), "1");
  write_file(source.path("two\nlines"), "22");
  write_file(source.path("\xff"), "333");
  const Finished names = daemon.run({"copy", "--verbose", source.path(), source.target()});
  CHECK(has("\n" + names.out, "\na\n"));
  CHECK(has(names.out, "two\\x0alines\n"));
  const Finished objects = daemon.run({"copy", "--json", source.path(), source.target() + "2"});
  std::istringstream lines(objects.out);
  std::vector<json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  REQUIRE(all.size() == 4);
  CHECK(all.back()["summary"]["copied"] == 3);
  CHECK(all.back()["summary"]["bytes"] == 6);
  CHECK(has(objects.out, R"({"name":"two\nlines","kind":"file","end":"copied","bytes":2})"));
  CHECK(has(objects.out, R"("nameBase64":"/w==")"));
  CHECK_FALSE(has(objects.err, "complete"));
}

TEST_CASE("copy --verify compares what it copied and what was there, and names what differs") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(5);
  REQUIRE(daemon.run({"copy", "--verify", "--sync", source.path(), source.target()}).exit_code == 0);
  struct stat status {};
  REQUIRE(::stat(source.path("files/3").c_str(), &status) == 0);
  std::string text = read_file(source.path("files/3"));
  text.back() = text.back() == 'x' ? 'y' : 'x';
  write_file(source.target("files/3"), text);
  const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, source.target("files/3").c_str(), times.data(), 0) == 0);
  CHECK(daemon.run({"copy", "--merge", source.path(), source.target()}).exit_code == 0);
  const Finished verified = daemon.run({"copy", "--merge", "--verify", source.path(), source.target()});
  CHECK(verified.exit_code == 1);
  CHECK(has(verified.err, "files/3: the bytes differ from offset " + std::to_string(text.size() - 1)));
  CHECK(has(verified.err, "copy ended, 1 not copied well"));
}

TEST_CASE("copy refuses to copy into its source, and names that are not there") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(1);
  const Finished inside = daemon.run({"copy", source.path(), source.path("files/copy")});
  CHECK(inside.exit_code == 1);
  CHECK(has(inside.err, "lies in"));
  const Finished gone = daemon.run({"copy", source.path("gone")});
  CHECK(gone.exit_code == 1);
  CHECK(has(gone.err, "gone: No such file or directory"));
  CHECK(daemon.run({"copy"}).exit_code == 2);
  CHECK(daemon.run({"copy", "a", "b", "c"}).exit_code == 2);
  CHECK(daemon.run({"copy", "", "b"}).exit_code == 2);
  const Finished pool = daemon.run({"copy", "--pool", "none", source.path(), source.target()});
  CHECK(pool.exit_code == 125);
  CHECK(has(pool.err, "pool 'none'"));
}

TEST_CASE("copy shows its progress on a terminal, in the terminal's language") {
  Daemon daemon({.workers = 1});
  const CopySource source(daemon);
  source.make_small_files(3);
  const Gate gate(daemon.file("gate"));
  const std::string holder = occupy(daemon, gate);
  const bool chinese = GENERATE(true, false);
  Pty terminal;
  Invocation invocation = in_language(daemon, {"copy", source.path(), source.target()}, chinese ? "zh_CN.UTF-8" : "en_US.UTF-8");
  invocation.stderr_fd = terminal.user_side();
  Child copy(invocation);
  terminal.close_user_side();
  // The only worker is busy: nothing is copied yet.
  terminal.read_until(chinese ? "当前的进度 0.00 %" : "copied 0.00 %");
  gate.open();
  terminal.read_until(chinese ? "当前的进度 100.00 %" : "copied 100.00 %");
  terminal.read_until(chinese ? "拷贝完成" : "copy complete");
  CHECK(copy.finish().exit_code == 0);
  CHECK(daemon.run({"wait", holder}).exit_code == 0);
}

TEST_CASE("copy asks on a terminal what it is to copy") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(3);
  Pty terminal;
  Invocation invocation = in_language(daemon, {"copy"}, "zh_CN.UTF-8");
  invocation.stdin_fd = invocation.stderr_fd = terminal.user_side();
  Child copy(invocation);
  terminal.close_user_side();
  terminal.read_until("输入你要拷贝的文件名称");
  terminal.type(source.path() + "\n");
  terminal.read_until("拷贝完成");
  CHECK(copy.finish().exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.path() + "[复件]") == "");
}
