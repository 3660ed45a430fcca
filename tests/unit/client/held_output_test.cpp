// Outputs that wait for their turn: in memory, as descriptors, in the spool.
#include "client/cli/held_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "client/cli/output_spool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

UniqueFd empty_file(const testing::TempDir& folder) {
  return UniqueFd{::open(folder.file("out").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
}

// While it lives, no spool can be made.
class NoSpool {
 public:
  NoSpool() {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", "/nowhere/at/all", 1);
  }
  ~NoSpool() { before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR"); }
  NoSpool(const NoSpool&) = delete;
  NoSpool& operator=(const NoSpool&) = delete;

 private:
  std::optional<std::string> before_;
};

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
  const NoSpool no_spool;
  OutputSpool spool;
  const auto put = spool.add("x");
  REQUIRE_FALSE(put);
  CHECK(put.error().text.find("/nowhere/at/all (TMPDIR names another folder)") != std::string::npos);
}

TEST_CASE("outputs are held in memory up to a bound, and beyond it in the spool") {
  const testing::TempDir folder;
  client::Connections nobody({folder.file("socket")});
  OutputHolder holder(nobody);
  std::vector<HeldOutput> held;
  constexpr std::size_t kOne = 1024 * 1024, kCount = OutputHolder::kMostInMemory / kOne + 2;
  for (std::size_t i = 0; i < kCount; ++i) {
    proto::Output output{std::string(kOne, static_cast<char>('a' + i)), false};
    HeldOutput one = holder.hold(JobId{1}, output, OutputStream::standard_output);
    CHECK(output.bytes.empty());
    CHECK(one.size == kOne);
    CHECK(one.spooled.has_value() == (i * kOne >= OutputHolder::kMostInMemory));
    held.push_back(std::move(one));
  }
  const UniqueFd out = empty_file(folder);
  for (HeldOutput& one : held) REQUIRE(holder.write(one, out.get()));
  std::string expected;
  for (std::size_t i = 0; i < kCount; ++i) expected += std::string(kOne, static_cast<char>('a' + i));
  CHECK(text_of(out.get()) == expected);
  proto::Output next{"room again", false};
  HeldOutput one = holder.hold(JobId{1}, next, OutputStream::standard_output);
  CHECK_FALSE(one.spooled);
  CHECK(*holder.read(one) == "room again");
}

TEST_CASE("outputs in hand are kept where the spool has no folder") {
  // The bug: an item whose output was in memory, or a descriptor, already was shown without it.
  const testing::TempDir folder;
  const NoSpool no_spool;
  client::Connections nobody({folder.file("socket")});
  OutputHolder holder(nobody);
  std::vector<HeldOutput> held;
  for (const char letter : {'a', 'b'}) {
    proto::Output output{std::string(OutputHolder::kMostInMemory, letter), false};
    held.push_back(holder.hold(JobId{1}, output, OutputStream::standard_output));
    CHECK_FALSE(held.back().spooled);
    CHECK_FALSE(held.back().cut);
  }
  CHECK(*holder.read(held[1]) == std::string(OutputHolder::kMostInMemory, 'b'));
  CHECK(*holder.read(held[0]) == std::string(OutputHolder::kMostInMemory, 'a'));
}

TEST_CASE("descriptors beyond the usual number are kept where the spool has no folder") {
  const testing::TempDir folder;
  const NoSpool no_spool;
  testing::FakeServer server([](testing::FakeServer& self) {
    testing::FakePeer peer = self.accept();
    for (int i = 0; i <= OutputHolder::kMostFiles; ++i) {
      peer.hear("org.jobpool.Job.Logs");
      const UniqueFd file{::open(self.file("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
      if (::pwrite(file.get(), "whole", 5, 0) != 5) throw std::runtime_error("no file");
      peer.say_with(R"({"descriptor":0,"running":false})", file.get());
    }
  });
  client::Connections connections({server.path()});
  OutputHolder holder(connections);
  std::vector<HeldOutput> held;
  for (int i = 0; i <= OutputHolder::kMostFiles; ++i) {
    proto::Output output{"wh", true};
    held.push_back(holder.hold(JobId{1}, output, OutputStream::standard_output));
    CHECK(held.back().file);
  }
  server.finish();
  CHECK(*holder.read(held.back()) == "whole");
}

TEST_CASE("of a long output that the daemon no longer has, what came in the reply is kept") {
  // The bug: a mebibyte that had come already was thrown away, because the rest could not be had.
  testing::FakeServer server([](testing::FakeServer& self) {
    testing::FakePeer peer = self.accept();
    peer.hear("org.jobpool.Job.Logs");
    peer.fail("org.jobpool.Job.NoSuchJob", R"({"id":7})");
  });
  client::Connections connections({server.path()});
  OutputHolder holder(connections);
  proto::Output output{"the beginning", true};
  HeldOutput one = holder.hold(JobId{7}, output, OutputStream::standard_output);
  server.finish();
  REQUIRE(one.cut);
  CHECK(one.cut->text.find("7") != std::string::npos);
  CHECK(*holder.read(one) == "the beginning");
}
