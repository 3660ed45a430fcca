// The protocol's messages byte for byte: what was written once is read and written the same for ever.
// A golden file holds one message and a line feed instead of the NUL. A new field gets a new file; the old ones stay.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/unit/proto/samples.hpp"

namespace {

const std::filesystem::path kGolden = JOBPOOL_GOLDEN_DIR;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every message is written as its golden file says, and comes back from it byte for byte") {
  for (const auto& sample : jobpool::proto::all_samples()) {
    INFO(sample.file);
    std::string golden = contents(kGolden / sample.file);
    REQUIRE(golden.ends_with('\n'));
    golden.pop_back();
    CHECK(sample.message == golden);
    const auto rewritten = sample.rewrite(golden);
    REQUIRE(rewritten);
    CHECK(*rewritten == golden);
  }
}

TEST_CASE("no golden file is left unread") {
  std::set<std::string> known, present;
  for (const auto& sample : jobpool::proto::all_samples()) known.insert(sample.file);
  for (const auto& entry : std::filesystem::directory_iterator(kGolden))
    if (entry.path().filename().string().starts_with("org.")) present.insert(entry.path().filename());
  CHECK(present == known);
}
