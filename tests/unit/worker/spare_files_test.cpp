// Output files that stayed empty: who gets them next, and who must not.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

// 0: there is no such file.
ino_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

const CommandSpec kSilent = command({"true"}), kTalking = command({"sh", "-c", "echo said"});

struct SpareSetup : Setup {
  // The next attempt of the same job: its files have other names.
  CommandRunner::Ended run_next(const CommandSpec& spec) {
    ++attempt.number;
    return run(spec);
  }
  std::string output() { return file("7." + std::to_string(attempt.number) + ".out"); }
  std::string errors() { return file("7." + std::to_string(attempt.number) + ".err"); }
  // A run that leaves both of its files empty.
  void leave_spares() {
    CHECK(run_next(kSilent).report.code == 0);
    REQUIRE(inode_of(output()) != 0);
  }
  // Of a run that says something, in a file of its own.
  void check_new_file(ino_t before) {
    CHECK(run_next(kTalking).report.code == 0);
    CHECK(content_of(output()) == "said\n");
    CHECK(inode_of(output()) != before);
  }
};

TEST_CASE("output files that stayed empty are the next command's, and are removed at the end") {
  SpareSetup setup;
  setup.leave_spares();
  const std::string first_output = setup.output(), first_errors = setup.errors();
  const ino_t first = inode_of(first_output), second = inode_of(first_errors);
  CHECK(setup.run_next(kTalking).report.code == 0);
  CHECK(content_of(setup.output()) == "said\n");
  const ino_t used = inode_of(setup.output());
  CHECK((used == first || used == second));
  CHECK(inode_of(first_output) + inode_of(first_errors) == 0);
  struct stat status {};
  REQUIRE(::stat(setup.output().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  setup.run_next(command({"no-such-program"}));
  setup.run_next(kTalking);
  CHECK(content_of(setup.output()) == "said\n");
  const auto folder = std::filesystem::path(setup.output()).parent_path();
  setup.end_runner();
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) left += entry.file_size() == 0 ? 1 : 0;
  CHECK(left == 0);
}

// Who reads a job's output, or still writes it, has the file open by then: he must not see the next one's, nor write into it.
TEST_CASE("an empty output file that somebody has open is nobody else's") {
  SpareSetup setup;
  setup.leave_spares();
  for (const int flags : {O_RDONLY, O_WRONLY | O_APPEND}) {
    const ino_t before = inode_of(setup.output());
    const UniqueFd output(::open(setup.output().c_str(), flags | O_CLOEXEC)), errors(::open(setup.errors().c_str(), flags | O_CLOEXEC));
    REQUIRE(output);
    REQUIRE(errors);
    setup.check_new_file(before);
    if (flags != O_RDONLY) {
      CHECK(::write(output.get(), "late\n", 5) == 5);
      CHECK(::write(errors.get(), "late\n", 5) == 5);
    }
    char byte;
    CHECK(::read(output.get(), &byte, 1) <= 0);
    CHECK(content_of(setup.output()) == "said\n");
    setup.leave_spares();
  }
}

TEST_CASE("an empty output file that was changed, linked to or removed is nobody else's") {
  SpareSetup setup;
  const auto each = [&](const std::function<void(const std::string& path)>& change) {
    setup.leave_spares();
    change(setup.output());
    change(setup.errors());
    CHECK(setup.run_next(kTalking).report.code == 0);
    CHECK(content_of(setup.output()) == "said\n");
    struct stat status {};
    REQUIRE(::stat(setup.output().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(status.st_nlink == 1);
  };
  setup.run_next(command({"sh", "-c", "chmod 644 /proc/self/fd/1 /proc/self/fd/2"}));  // what a command may do to its own
  CHECK(setup.run_next(kTalking).report.code == 0);
  REQUIRE(std::filesystem::status(setup.output()).permissions() == std::filesystem::perms(0600));
  each([](const std::string& path) { REQUIRE(::unlink(path.c_str()) == 0); });  // as the broker does with those of a forgotten job
  each([](const std::string& path) { REQUIRE(::chmod(path.c_str(), 0644) == 0); });
  each([](const std::string& path) { REQUIRE(::link(path.c_str(), (path + ".kept").c_str()) == 0); });
  each([](const std::string& path) { std::ofstream(path) << "late"; });
  each([](const std::string& path) {
    REQUIRE(::unlink(path.c_str()) == 0);
    REQUIRE(::symlink("/dev/null", path.c_str()) == 0);
  });
}

// The kernel tells the holder of a lease that somebody else wants the file, by a signal that would end the worker if it were any other.
TEST_CASE("who opens output files at the wrong moment harms nobody") {
  SpareSetup setup;
  setup.leave_spares();
  std::atomic<std::uint32_t> now = setup.attempt.number;
  std::atomic<bool> is_over = false;
  std::jthread opener([&] {
    while (!is_over)
      for (const std::uint32_t number : {now.load(), now.load() + 1}) {
        const UniqueFd file(::open(setup.file("7." + std::to_string(number) + ".out").c_str(), O_RDONLY | O_CLOEXEC));
      }
  });
  for (int round = 0; round < 100; ++round) {
    CHECK(setup.run_next(round % 2 == 0 ? kSilent : kTalking).report.code == 0);
    now = setup.attempt.number;
    CHECK(content_of(setup.output()) == (round % 2 == 0 ? "" : "said\n"));
  }
  is_over = true;
}

}  // namespace
}  // namespace jobpool::worker
