// The bytes of a file and its holes: copied, mapped, compared.
#include "common/copy/contents.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::copy {
namespace {

using testing::TempDir;

UniqueFd opened(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(file);
  return file;
}

void write_at(int file, off_t offset, const std::string& text) {
  REQUIRE(::pwrite(file, text.data(), text.size(), offset) == static_cast<ssize_t>(text.size()));
}

const auto never = [] { return false; };

constexpr off_t kMiB = 1024 * 1024;

TEST_CASE("the hole map names the data between holes, and stays inside what is asked for") {
  const TempDir folder;
  const UniqueFd file = opened(folder.file("a"));
  write_at(file.get(), 4 * kMiB, std::string(kMiB, 'x'));
  REQUIRE(::ftruncate(file.get(), 16 * kMiB) == 0);
  const Span data = next_data(file.get(), {0, 16 * kMiB});
  CHECK(data.offset == 4 * kMiB);
  CHECK(data.length == kMiB);
  CHECK(next_data(file.get(), {4 * kMiB + 4096, 4096}).length == 4096);
  CHECK(next_data(file.get(), {0, 4 * kMiB}).length == 0);
  CHECK(next_data(file.get(), {5 * kMiB, 11 * kMiB}).length == 0);
  CHECK(next_data(file.get(), {0, 0}).length == 0);
}

TEST_CASE("what is no file with holes is all data") {
  CHECK(next_data(-1, {5, 7}).length == 7);
  CHECK(next_data(-1, {5, 7}).offset == 5);
}

TEST_CASE("a copy has the same bytes and the same holes, between any two file systems") {
  const TempDir on_disk, in_memory(TempDir::On::memory);
  const std::string from_path = on_disk.file("a");
  const UniqueFd from = opened(from_path);
  write_at(from.get(), 0, std::string(100, 'a'));
  write_at(from.get(), 4 * kMiB, std::string(2 * kMiB + 17, 'b'));
  REQUIRE(::ftruncate(from.get(), 12 * kMiB) == 0);
  for (const std::string& path : {on_disk.file("b"), in_memory.file("b")}) {
    const UniqueFd to = opened(path);
    CHECK_FALSE(copy_span(from.get(), to.get(), {0, 12 * kMiB}, Holes::keep, never).happened());
    REQUIRE(::ftruncate(to.get(), 12 * kMiB) == 0);
    CHECK(testing::read_file(path) == testing::read_file(from_path));
    CHECK(testing::occupied_bytes(path) <= 3 * kMiB);
    FileError error;
    CHECK_FALSE(first_difference(from.get(), to.get(), {0, 12 * kMiB}, never, error));
    CHECK_FALSE(error.happened());
  }
}

TEST_CASE("small and large spans are copied to the same place, and a source that ends early is no error") {
  const TempDir folder;
  const UniqueFd from = opened(folder.file("a"));
  write_at(from.get(), 0, std::string(3 * kMiB, 'x') + "end");
  const off_t length = GENERATE(as<off_t>{}, 1, 4096, 64 * 1024, 64 * 1024 + 1, 3 * 1024 * 1024, 9 * 1024 * 1024);
  const UniqueFd to = opened(folder.file("b"));
  CHECK_FALSE(copy_span(from.get(), to.get(), {3, length}, Holes::none, never).happened());
  const std::string text = testing::read_file(folder.file("b"));
  CHECK(text.substr(3) == testing::read_file(folder.file("a")).substr(3, static_cast<std::size_t>(length)));
}

TEST_CASE("a file that says it is empty is copied to its end all the same") {
  const TempDir folder;
  const UniqueFd from(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  const UniqueFd to = opened(folder.file("b"));
  CHECK_FALSE(copy_to_end(from.get(), to.get(), 0, never).happened());
  CHECK(testing::read_file(folder.file("b")).starts_with("Name:"));
}

TEST_CASE("a copy and a comparison that are asked to stop do, within a piece") {
  const TempDir folder;
  const UniqueFd from = opened(folder.file("a")), to = opened(folder.file("b"));
  REQUIRE(::ftruncate(from.get(), 3 * kPieceBytes) == 0);
  REQUIRE(::ftruncate(to.get(), 3 * kPieceBytes) == 0);
  int asked = 0;
  const auto at_once = [&] { return ++asked == 1; };
  CHECK(copy_span(from.get(), to.get(), {0, 3 * kPieceBytes}, Holes::none, at_once).number == ECANCELED);
  asked = 0;
  FileError error;
  CHECK_FALSE(first_difference(from.get(), to.get(), {0, 3 * kPieceBytes}, at_once, error));
  CHECK(error.number == ECANCELED);
  CHECK(asked == 1);
}

TEST_CASE("the first byte that differs is named, and a shorter file differs where it ends") {
  const TempDir folder;
  const UniqueFd one = opened(folder.file("a")), other = opened(folder.file("b"));
  write_at(one.get(), 0, std::string(300'000, 'x'));
  write_at(other.get(), 0, std::string(300'000, 'x'));
  write_at(other.get(), 200'001, "y");
  FileError error;
  CHECK(first_difference(one.get(), other.get(), {0, 300'000}, never, error) == 200'001);
  CHECK_FALSE(first_difference(one.get(), other.get(), {0, 200'001}, never, error));
  REQUIRE(::ftruncate(other.get(), 150'000) == 0);
  CHECK(first_difference(one.get(), other.get(), {0, 300'000}, never, error) == 150'000);
  CHECK_FALSE(error.happened());
}

TEST_CASE("what the kernel refuses says what was being done") {
  const TempDir folder;
  const UniqueFd to = opened(folder.file("b"));
  const UniqueFd read_only(::open(folder.file("b").c_str(), O_RDONLY | O_CLOEXEC));
  write_at(to.get(), 0, "text");
  CHECK(copy_span(to.get(), read_only.get(), {0, 4}, Holes::none, never).text() == "cannot write the target: Bad file descriptor");
  CHECK(FileError{ENOSPC, "write the target"}.is_no_room());
  CHECK_FALSE(FileError{EACCES, "open the source"}.is_no_room());
}

}  // namespace
}  // namespace jobpool::copy
