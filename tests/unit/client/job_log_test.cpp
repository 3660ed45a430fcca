// The job log: GNU parallel's columns, and what is left of it after a kill.
#include "client/cli/job_log.hpp"

#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

constexpr const char* kHeader = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

JobLog open(const std::string& path, JobLog::Resume resume = JobLog::Resume::nothing) {
  auto log = JobLog::open(path, resume);
  REQUIRE(log);
  return std::move(*log);
}

using Command = std::vector<std::string>;

void add(JobLog& log, std::size_t number, int exit_code, const Command& command) {
  const Item item{{"x"}, number, 1};
  const proto::Ending ending;
  log.add({.item = item,
           .exit_code = exit_code,
           .signal = 0,
           .why = {},
           .result = "12",
           .ending = &ending,
           .received = 2,
           .started_usec = 1'500'000,
           .ended_usec = 1'750'000},
          command);
  REQUIRE(log.write());
}

}  // namespace

TEST_CASE("a job log has a line for each item, in the columns that GNU parallel has") {
  const testing::TempDir folder;
  JobLog log = open(folder.file("log"));
  add(log, 7, 3, {"echo", "a\tb", "c"});
  CHECK(text_of(folder.file("log")) == std::string(kHeader) + "7\t:\t1.500\t     0.250\t0\t2\t3\t0\techo 'a\\x09b' c\n");
}

TEST_CASE("a job log knows again what it has, all of it or what succeeded") {
  const testing::TempDir folder;
  const std::string path = folder.file("log");
  {
    JobLog log = open(path);
    CHECK_FALSE(*log.has(1, Command{"a"}));
    add(log, 1, 0, {"a"});
    add(log, 3, 1, {"c\n"});
  }
  {
    const JobLog all = open(path, JobLog::Resume::all);
    CHECK(*all.has(1, Command{"a"}));
    CHECK_FALSE(*all.has(2, Command{"b"}));
    CHECK(*all.has(3, Command{"c\n"}));
  }
  const JobLog succeeded = open(path, JobLog::Resume::succeeded);
  CHECK(*succeeded.has(1, Command{"a"}));
  CHECK_FALSE(*succeeded.has(3, Command{"c\n"}));
  const auto other = succeeded.has(1, Command{"b"});
  REQUIRE_FALSE(other);
  CHECK(other.error().text.find("another map") != std::string::npos);
}

TEST_CASE("a line that was torn by a kill is cut off, and its item runs again") {
  const testing::TempDir folder;
  const std::string path = folder.file("log");
  {
    JobLog log = open(path);
    add(log, 1, 0, {"a"});
  }
  const std::string whole = text_of(path);
  for (const std::string& torn : {std::string("2\t:\t1"), std::string("2\t:\t1.0\t1.0\t0\t0\t0\t0\tb")}) {
    std::ofstream(path, std::ios::app) << torn;
    JobLog log = open(path, JobLog::Resume::all);
    CHECK(*log.has(1, Command{"a"}));
    CHECK_FALSE(*log.has(2, Command{"b"}));
    CHECK(text_of(path) == whole);
  }
  std::ofstream(path) << "Seq\tHo";
  JobLog log = open(path, JobLog::Resume::all);
  CHECK(text_of(path) == kHeader);
}

// One without a line feed at its end lost its last line: that was cut off before the first was looked at.
TEST_CASE("a file that is no job log is refused, and left as it was") {
  const testing::TempDir folder;
  for (const std::string& text :
       {std::string("a letter\nto a friend\n"), std::string("a letter\nto a friend"), std::string("a letter"), std::string("Seq\tHost\n"),
        std::string(kHeader) + "x\ty\n", std::string(kHeader) + "x\t:\t1\t1\t0\t0\t0\t0\tb\n", std::string(kHeader) + "x\ty\ntorn"}) {
    std::ofstream(folder.file("log")) << text;
    CHECK_FALSE(JobLog::open(folder.file("log"), JobLog::Resume::all));
    CHECK(text_of(folder.file("log")) == text);
  }
  CHECK(JobLog::open(folder.file("no/log"), JobLog::Resume::nothing).error().code == Errc::not_found);
}

TEST_CASE("a job log that is not resumed is made anew") {
  const testing::TempDir folder;
  std::ofstream(folder.file("log")) << "whatever";
  open(folder.file("log"));
  CHECK(text_of(folder.file("log")) == kHeader);
}

// The words were written with blanks between and no quotes: `echo 'a b'` in the log was taken for `echo a b`.
TEST_CASE("a job log tells one word with a space in it from two") {
  const testing::TempDir folder;
  const std::string path = folder.file("log");
  {
    JobLog log = open(path);
    add(log, 1, 0, {"echo", "a b"});
  }
  const JobLog log = open(path, JobLog::Resume::all);
  CHECK(*log.has(1, Command{"echo", "a b"}));
  CHECK_FALSE(log.has(1, Command{"echo", "a", "b"}));
}

TEST_CASE("a job log without quotes is an earlier version's, and resumed as that did") {
  const testing::TempDir folder;
  const std::string path = folder.file("log");
  std::ofstream(path) << kHeader << "1\t:\t1\t1\t0\t0\t0\t0\tsh -c echo 3; exit 3\n2\t:\t1\t1\t0\t0\t0\t0\techo a b\n";
  const JobLog log = open(path, JobLog::Resume::all);
  CHECK(*log.has(1, Command{"sh", "-c", "echo 3; exit 3"}));
  CHECK_FALSE(log.has(1, Command{"sh", "-c", "echo 4; exit 3"}));
  CHECK(*log.has(2, Command{"echo", "a", "b"}));
  CHECK_FALSE(log.has(2, Command{"echo", "a b"}));  // nobody can tell
}
