// Holds every source file of the house to its rules, and the rules to examples of what they must find.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/log.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/house/rules.hpp"

using jobpool::house::Source;

namespace {

bool is_found(const std::string& path, const std::vector<std::string>& lines, const std::string& what) {
  std::vector<std::string> all = {"// What this is."};
  if (path.ends_with(".hpp")) all.push_back("#pragma once");
  all.insert(all.end(), lines.begin(), lines.end());
  for (const std::string& finding : jobpool::house::findings(Source{path, all})) {
    if (finding.find(what) != std::string::npos) return true;
  }
  return false;
}

bool is_clean(const std::string& path, const std::vector<std::string>& lines) { return !is_found(path, lines, ":"); }

}  // namespace

TEST_CASE("every source file keeps the rules of the house") {
  const std::vector<Source> sources = jobpool::house::read_sources(JOBPOOL_SOURCE_DIR);
  REQUIRE(sources.size() > 20);
  std::string all;
  for (const Source& source : sources) {
    for (const std::string& finding : jobpool::house::findings(source)) all += "\n" + finding;
  }
  INFO(all);
  CHECK(all.empty());
}

TEST_CASE("every file of tests is built") {
  // The bug: one that no CMakeLists.txt named was taken for passing.
  namespace fs = std::filesystem;
  std::string forgotten;
  for (const Source& source : jobpool::house::read_sources(JOBPOOL_SOURCE_DIR)) {
    const fs::path path = source.path;
    if (!source.path.starts_with("tests/") || !source.path.ends_with("_test.cpp")) continue;
    std::string names;
    for (fs::path folder = path.parent_path(); !folder.empty(); folder = folder.parent_path()) {
      std::ifstream file(JOBPOOL_SOURCE_DIR / folder / "CMakeLists.txt");
      names.append(std::istreambuf_iterator<char>(file), {});
    }
    if (names.find(path.filename().string()) == std::string::npos) forgotten += "\n" + source.path;
  }
  INFO(forgotten);
  CHECK(forgotten.empty());
}

TEST_CASE("dependencies point one way") {
  CHECK(is_found("common/a.cpp", {"#include \"proto/frame.hpp\""}, "a.cpp:2"));
  CHECK(is_found("proto/a.cpp", {"#include \"client/lib/client.hpp\""}, "may not depend on"));
  CHECK(is_found("client/lib/a.cpp", {"#include \"client/cli/main.hpp\""}, "may not depend on"));
  CHECK(is_found("client/cli/a.cpp", {"#include \"daemon/broker/x.hpp\""}, "may not depend on"));
  CHECK(is_found("daemon/worker/a.cpp", {"#include \"daemon/broker/x.hpp\""}, "may not depend on"));
  CHECK(is_found("daemon/supervisor/a.cpp", {"#include \"daemon/worker/x.hpp\""}, "may not depend on"));
  CHECK(is_found("daemon/broker/core/a.cpp", {"#include \"daemon/broker/pool/x.hpp\""}, "may not depend on"));
  CHECK(is_found("daemon/broker/core/a.cpp", {"#include \"proto/frame.hpp\""}, "may not depend on"));
  CHECK(is_found("daemon/broker/store/a.cpp", {"#include \"daemon/broker/pool/x.hpp\""}, "may not depend on"));
  CHECK(is_clean("proto/a.cpp", {"#include \"common/result.hpp\"", "#include \"proto/frame.hpp\"", "#include <string>"}));
  CHECK(is_clean("daemon/broker/a.cpp", {"#include \"daemon/broker/core/job.hpp\"", "#include <asio/post.hpp>"}));
}

TEST_CASE("libraries stay in the rooms that may have them") {
  CHECK(is_found("daemon/worker/a.cpp", {"#include <asio/post.hpp>"}, "may not use"));
  CHECK(is_found("daemon/supervisor/a.cpp", {"#  include <sqlite3.h>"}, "may not use"));
  CHECK(is_found("client/lib/a.cpp", {"#include <spdlog/spdlog.h>"}, "may not use"));
  CHECK(is_found("daemon/broker/core/a.cpp", {"#include <fstream>"}, "may not use"));
  CHECK(is_found("daemon/broker/rpc/a.cpp", {"#include <sqlite3.h>"}, "may not use"));
  CHECK(is_found("daemon/broker/store/a.cpp", {"#include <asio/post.hpp>"}, "may not use"));
  CHECK(is_clean("daemon/broker/store/a.cpp", {"#include <sqlite3.h>"}));
  CHECK(is_found("daemon/broker/core/a.cpp", {"#include \"common/log.hpp\""}, "may not use"));
  CHECK(is_found("daemon/broker/core/a.cpp", {"const auto now = Clock::now();"}, "uses"));
  CHECK(is_found("daemon/broker/pool/a.cpp", {"co_await read();"}, "co_await"));
  CHECK(is_clean("daemon/broker/server/a.cpp", {"co_await read();"}));
}

TEST_CASE("a file says what it is, stays short and is finished") {
  CHECK(is_found("common/a.cpp", std::vector<std::string>(350, "int a;"), "split by responsibility"));
  CHECK(is_clean("common/a.cpp", std::vector<std::string>(349, "int a;")));
  CHECK(is_found("common/a.cpp", {std::string("// TO") + "DO: later"}, "finish it"));
  CHECK(is_found("common/a.cpp", {"#include \"result.hpp\""}, "in quotes"));
  CHECK(is_found("elsewhere/a.cpp", {}, "no folder"));
  CHECK_FALSE(jobpool::house::findings(Source{"common/a.cpp", {"#include <string>"}}).empty());
  CHECK_FALSE(jobpool::house::findings(Source{"common/a.hpp", {"// A header without its guard."}}).empty());
}

// Two tests could not be run with Catch2 3: it took their names for options.
TEST_CASE("no test's name looks like an option") {
  CHECK(is_found("tests/integration/a_test.cpp", {"TEST_CASE(\"--delay holds a job back\") {"}, "begins with a dash"));
  CHECK(is_clean("tests/integration/a_test.cpp", {"TEST_CASE(\"a job is held back by --delay\") {"}));
}

// 34 tests with a semicolon in their names were never run by ctest, and counted as passed.
TEST_CASE("no test's name has a semicolon") {
  CHECK(is_found("tests/integration/a_test.cpp", {std::string("TEST_CASE(\"it is closed") + "; nothing comes\") {"}, "semicolon"));
  CHECK(is_clean("tests/integration/a_test.cpp", {"TEST_CASE(\"it is closed, nothing comes\") {  // now; later"}));
}

TEST_CASE("tests wait for events and never sleep") {
  CHECK(is_found("tests/integration/a_test.cpp", {"std::this_thread::sleep_for(1s);"}, "sleep_for"));
  CHECK(is_clean("tests/integration/a_test.cpp", {"run({\"jobpool\", \"apply\", \"--\", \"sleep\", \"5\"});"}));
}
