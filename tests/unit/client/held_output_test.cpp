// Outputs that wait for their turn: in memory, as descriptors, in the spool.
#include "client/cli/held_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "client/cli/output_spool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

UniqueFd empty_file(const testing::TempDir& folder) {
  return UniqueFd{::open(folder.file("out").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
}

std::string text_of(int file) {
  std::string text;
  REQUIRE(read_output(file, text));
  return text;
}

}  // namespace

TEST_CASE("what was put into the spool comes out of it, in any order") {
  const testing::TempDir folder;
  OutputSpool spool;
  const auto first = spool.add("first"), second = spool.add(std::string(200'000, 'x')), none = spool.add("");
  REQUIRE((first && second && none));
  std::string text;
  REQUIRE(spool.append_to(text, *second));
  CHECK(text == std::string(200'000, 'x'));
  const UniqueFd out = empty_file(folder);
  REQUIRE(spool.write(*first, out.get()));
  REQUIRE(spool.write(*none, out.get()));
  spool.release(*second);
  CHECK(text_of(out.get()) == "first");
  const auto copied = spool.copy(out.get());
  REQUIRE(copied);
  text.clear();
  REQUIRE(spool.append_to(text, *copied));
  CHECK(text == "first");
}

TEST_CASE("a spool without a folder says which one, and what names another") {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", "/nowhere/at/all", 1);
  OutputSpool spool;
  const auto put = spool.add("x");
  REQUIRE_FALSE(put);
  CHECK(put.error().text.find("/nowhere/at/all (TMPDIR names another folder)") != std::string::npos);
  kept.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

TEST_CASE("outputs are held in memory up to a bound, and beyond it in the spool") {
  const testing::TempDir folder;
  client::Connections nobody({folder.file("socket")});
  OutputHolder holder(nobody);
  std::vector<HeldOutput> held;
  constexpr std::size_t kOne = 1024 * 1024, kCount = OutputHolder::kMostInMemory / kOne + 2;
  for (std::size_t i = 0; i < kCount; ++i) {
    proto::Output output{std::string(kOne, static_cast<char>('a' + i)), false};
    auto one = holder.hold(JobId{1}, output, OutputStream::standard_output);
    REQUIRE(one);
    CHECK(output.bytes.empty());
    CHECK(one->size == kOne);
    CHECK(one->spooled.has_value() == (i * kOne >= OutputHolder::kMostInMemory));
    held.push_back(std::move(*one));
  }
  const UniqueFd out = empty_file(folder);
  for (HeldOutput& one : held) REQUIRE(holder.write(one, out.get()));
  std::string expected;
  for (std::size_t i = 0; i < kCount; ++i) expected += std::string(kOne, static_cast<char>('a' + i));
  CHECK(text_of(out.get()) == expected);
  proto::Output next{"room again", false};
  auto one = holder.hold(JobId{1}, next, OutputStream::standard_output);
  REQUIRE(one);
  CHECK_FALSE(one->spooled);
  CHECK(*holder.read(*one) == "room again");
}
