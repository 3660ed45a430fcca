// jobpool map: one job for each item, and what they gave in the items' order.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

namespace {

std::string numbers(int first, int last, auto value) {
  std::string text;
  for (int i = first; i <= last; ++i) text += std::to_string(value(i)) + "\n";
  return text;
}

// `map FUNCTION ::: 1 2 … last`
std::vector<std::string> map_over(const std::string& function, int last) {
  std::vector<std::string> words{"map", function, ":::"};
  for (int i = 1; i <= last; ++i) words.push_back(std::to_string(i));
  return words;
}

// `map @square` whose stdin is written as the test goes on.
class FedMap {
 public:
  explicit FedMap(const Daemon& daemon) : child_(start(daemon)) {}
  Child& child() { return child_; }
  void write(const std::string& text) const {
    REQUIRE(::write(input_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void close() { input_.reset(); }

 private:
  Child start(const Daemon& daemon) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const jobpool::UniqueFd theirs(ends[0]);
    input_ = jobpool::UniqueFd(ends[1]);
    Invocation invocation = daemon.invocation({"map", "@square"});
    invocation.stdin_fd = theirs.get();
    return Child(invocation);
  }

  jobpool::UniqueFd input_;
  Child child_;
};

int running(const Daemon& daemon) { return daemon.status()["pools"][0]["running"]; }

}  // namespace

TEST_CASE("map gives the results of all items in their order") {
  Daemon daemon;
  const Finished finished = daemon.run(map_over("@square", 1000));
  CHECK(finished.exit_code == 0);
  CHECK(finished.out == numbers(1, 1000, [](int i) { return i * i; }));
  CHECK(finished.err.empty());
}

TEST_CASE("map exits with how many items failed, and says which") {
  Daemon daemon;
  const Finished finished = daemon.run({"map", "-n", "1", "--", "sh", "-c", "echo got {}; exit {}", ":::", "0", "1", "0", "7"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "got 0\ngot 1\ngot 0\ngot 7\n");
  CHECK(finished.err.find("2 of 4 failed") != std::string::npos);
  CHECK(finished.err.find("   4") != std::string::npos);
  const Finished function = daemon.run({"map", "@fail", ":::", "no"});
  CHECK(function.exit_code == 1);
  CHECK(function.err.find("RuntimeError: no") != std::string::npos);
}

TEST_CASE("map gives 101 when more than a hundred items failed") {
  Daemon daemon;
  const Finished finished = daemon.run(map_over("@fail", 103));
  CHECK(finished.exit_code == 101);
  CHECK(finished.err.find("and 3 more") != std::string::npos);
}

TEST_CASE("map reads items from stdin, and writes ends while it waits for more of them") {
  Daemon daemon;
  FedMap map(daemon);
  map.write("7\n");
  CHECK(map.child().read_line() == "49");
  map.write("8\n");
  CHECK(map.child().read_line() == "64");
  map.close();
  CHECK(map.child().finish().exit_code == 0);
}

TEST_CASE("map whose daemon is gone ends, though more items may come") {
  // The bug: it waited for the end of its stdin.
  Daemon daemon;
  FedMap map(daemon);
  map.write("7\n");
  CHECK(map.child().read_line() == "49");
  daemon.kill_everything();
  map.write("8\n");
  const Finished finished = map.child().finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find(daemon.socket()) != std::string::npos);
  daemon.start_again();
}

namespace {

void check_that_the_quick_is_first(std::vector<std::string> words) {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  for (const std::string& word :
       {std::string{"--"}, std::string{"sh"}, std::string{"-c"}, "test {} = quick || " + gate.wait() + "; echo {}", std::string{":::"},
        std::string{"slow"}, std::string{"quick"}})
    words.push_back(word);
  Child map = daemon.start(words);
  CHECK(map.read_line() == "quick");
  gate.open();
  CHECK(map.read_line() == "slow");
  CHECK(map.finish().exit_code == 0);
}

}  // namespace

TEST_CASE("map --stream writes what has ended first, first") { check_that_the_quick_is_first({"map", "--stream"}); }

TEST_CASE("imap_unordered writes what has ended first, first") { check_that_the_quick_is_first({"imap_unordered"}); }

TEST_CASE("map that is interrupted cancels what runs, and submits no more") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  Child map = daemon.start({"map", "-j", "3", "--", "sh", "-c", gate.wait(), ":::", "1", "2", "3", "4", "5"});
  REQUIRE(wait_until([&] { return running(daemon) == 2; }));
  map.send_signal(SIGINT);
  CHECK(map.finish().exit_code == 128 + SIGINT);
  CHECK(wait_until([&] { return running(daemon) == 0 && daemon.status()["pools"][0]["ready"] == 0; }));
  CHECK(daemon.run({"list", "--state", "done", "--json"}).out.find("succeeded") == std::string::npos);
}

TEST_CASE("map --dry-run prints what would run, and runs nothing") {
  Daemon daemon;
  const Finished finished = daemon.run({"map", "--dry-run", "--", "cp", "{}", "/tmp/{/.}-{#}", ":::", "/a/b.c", "d"});
  CHECK(finished.out == "cp /a/b.c /tmp/b-1\ncp d /tmp/d-2\n");
  CHECK(daemon.run({"map", "--dry-run", "@f", "{2}", "{1}", ":::", "a", ":::", "b"}).out == "@f b a\n");
  // Words were printed without quotes, so that nobody could tell which were one.
  CHECK(daemon.run({"map", "--dry-run", "--", "printf", "%s\\n", "a b", "{}", ":::", "c d"}).out == "printf '%s\\n' 'a b' 'c d'\n");
}

TEST_CASE("map says what is missing before it runs anything") {
  Daemon daemon;
  CHECK(daemon.run({"map", ":::", "1"}).exit_code == 2);
  const Finished file = daemon.run({"map", "@square", "::::", "/nonexistent"});
  CHECK(file.exit_code == 125);
  CHECK(file.err.find("/nonexistent") != std::string::npos);
  // The bug: what it refused to write to was empty then.
  const std::string out = daemon.file("out");
  write_file(out, "kept");
  CHECK(daemon.run({"map", "--output", out, "--", "true", ":::", "1"}).exit_code == 2);
  CHECK(read_file(out) == "kept");
}

TEST_CASE("map runs what it has read before an input that cannot be read") {
  // The bug: items that had been read for a chunk never ran, and nothing said so; a last line without its end was not even read.
  Daemon daemon({.workers = 1});
  const std::string items = daemon.file("items");
  write_file(items, "1\n2\n3");
  const Finished finished = daemon.run({"map", "-n", "10", "@square", "::::", items, "/nonexistent"});
  CHECK(finished.out == "1\n4\n9\n");
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("/nonexistent") != std::string::npos);
}
