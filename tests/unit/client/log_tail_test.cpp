// The end of a log.
#include "client/cli/log_tail.hpp"

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool::cli;
using jobpool::testing::TempDir;

TEST_CASE("only what was written behind the mark is shown, ten lines at most, readably") {
  const TempDir folder;
  const std::string path = folder.file("log");
  std::ofstream(path) << "of an earlier life\n";
  const std::uint64_t mark = file_size(path);
  CHECK(log_tail(path, mark).empty());
  std::ofstream log(path, std::ios::app);
  for (int line = 1; line <= 12; ++line) log << "line " << line << "\n";
  log << "\x1b[2Jend\n";
  log.close();
  const std::string tail = log_tail(path, mark);
  CHECK(tail.starts_with("line 4\n"));
  CHECK(tail.ends_with("line 12\n\\x1b[2Jend"));
}

TEST_CASE("a log that is not there is empty") {
  CHECK(file_size("/tmp/no/such/log") == 0);
  CHECK(log_tail("/tmp/no/such/log", 0).empty());
}
