// The state directory: one holder, private, and the record of the instance.
#include "daemon/supervisor/state_dir.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/unit/supervisor/temporary_dir.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using jobpool::test::TemporaryDir;

namespace {

int mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return static_cast<int>(status.st_mode & 0777);
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("the state directory is made private, with what is above it") {
  TemporaryDir dir;
  auto state = StateDir::lock(dir / "a/b/state");
  REQUIRE(state);
  CHECK(mode_of(dir / "a/b/state") == 0700);
  CHECK(mode_of(dir / "a") == 0700);
}

TEST_CASE("a state directory that others could read becomes private") {
  TemporaryDir dir;
  std::filesystem::create_directory(dir / "state");
  REQUIRE(::chmod((dir / "state").c_str(), 0755) == 0);
  REQUIRE(StateDir::lock(dir / "state"));
  CHECK(mode_of(dir / "state") == 0700);
}

TEST_CASE("a state directory that others could write is taken empty only, and left as it is otherwise") {
  TemporaryDir dir;
  std::filesystem::create_directory(dir / "state");
  for (const mode_t mode : {0770, 0707, 01777}) {
    REQUIRE(::chmod((dir / "state").c_str(), mode) == 0);
    write(dir / "state/jobs.sqlite", "not ours");
    for (int start = 0; start < 2; ++start) {
      const auto refused = StateDir::lock(dir / "state");
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::permission_denied);
      CHECK(refused.error().text.find("not empty") != std::string::npos);
    }
    CHECK(mode_of(dir / "state") == static_cast<int>(mode & 0777));
    std::filesystem::remove(dir / "state/jobs.sqlite");
    REQUIRE(StateDir::lock(dir / "state"));
    CHECK(mode_of(dir / "state") == 0700);
    std::filesystem::remove(dir / "state/lock");
  }
}

// The bug: a link of another user's was found by its name, and what had that name by then was opened.
TEST_CASE("links of our own to the state directory are followed by what they say, also with a slash at the end") {
  TemporaryDir dir;
  std::filesystem::create_directory(dir / "disk");
  std::filesystem::create_symlink(dir / "disk", dir / "absolute");
  std::filesystem::create_symlink("absolute/", dir / "state");
  for (const char* name : {"state", "state//"}) {
    const auto state = StateDir::lock(dir / name);
    REQUIRE(state);
    CHECK(state->open_output());
    CHECK(std::filesystem::exists(dir / "disk/lock"));
    CHECK(std::filesystem::exists(dir / "disk/output"));
    std::filesystem::remove_all(dir / "disk/output");
    std::filesystem::remove(dir / "disk/lock");
  }
  std::filesystem::create_symlink("loop", dir / "loop");
  std::filesystem::create_symlink("nowhere", dir / "dangling");
  write(dir / "file", "");
  std::filesystem::create_symlink("file", dir / "to_file");
  for (const auto& [name, told] : {std::pair{"loop", "loop"}, {"dangling", "dangling"}, {"to_file", "file"}}) {
    const auto refused = StateDir::lock(dir / name);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find(dir / told) != std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(dir / "nowhere"));
}

TEST_CASE("a lock that is a pipe, a link or another file as well is refused and not written to") {
  TemporaryDir dir;
  std::filesystem::create_directory(dir / "state");
  REQUIRE(::chmod((dir / "state").c_str(), 0700) == 0);
  const std::string lock = dir / "state/lock", precious = dir / "precious";
  write(precious, "precious");
  const auto is_refused = [&] {
    const bool refused = !StateDir::lock(dir / "state");
    std::filesystem::remove(lock);
    return refused && std::filesystem::file_size(precious) == 8;
  };
  REQUIRE(::link(precious.c_str(), lock.c_str()) == 0);
  CHECK(is_refused());
  REQUIRE(::symlink(precious.c_str(), lock.c_str()) == 0);
  CHECK(is_refused());
  REQUIRE(::mkfifo(lock.c_str(), 0600) == 0);
  CHECK(is_refused());
  CHECK(StateDir::lock(dir / "state"));
}

TEST_CASE("what stands where the instance's record is made is put aside, never written to") {
  TemporaryDir dir;
  const std::string precious = dir / "precious";
  write(precious, "precious");
  auto state = StateDir::lock(dir / "state");
  REQUIRE(state);
  const auto instance = new_instance();
  REQUIRE(instance);
  for (const auto plant : {&::link, &::symlink}) {
    REQUIRE(plant(precious.c_str(), (dir / "state/instance.new").c_str()) == 0);
    REQUIRE(state->write_instance(*instance));
    CHECK(std::filesystem::file_size(precious) == 8);
    CHECK(state->earlier_instance());
  }
}

// The bug: a daemon that was started at once after its predecessor had been killed was refused. A child that had just been made had the
// dead one's lock still.
TEST_CASE("the lock of a daemon that is dead is waited for, for a while") {
  TemporaryDir dir;
  std::filesystem::create_directory(dir / "state");
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  REQUIRE(::waitpid(dead, nullptr, 0) == dead);
  write(dir / "state/lock", std::to_string(dead) + "\n");
  UniqueFd child(::open((dir / "state/lock").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::flock(child.get(), LOCK_EX | LOCK_NB) == 0);
  const auto refused = StateDir::lock(dir / "state", std::chrono::milliseconds{1});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::already_exists);
  std::thread executes([&] { child.reset(); });
  CHECK(StateDir::lock(dir / "state", std::chrono::minutes{1}));
  executes.join();
}

// kill -9 and a start right behind it: the one that was dying had the lock still, and the start failed ("another daemon has it").
TEST_CASE("a daemon that has just been killed is in nobody's way") {
  TemporaryDir dir;
  for (int round = 0; round < 50; ++round) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t daemon = ::fork();
    if (daemon == 0) {
      const auto held = StateDir::lock(dir / "state");
      if (held) static_cast<void>(::write(ready[1], "+", 1));
      ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    CHECK(StateDir::lock(dir / "state"));
    REQUIRE(::waitpid(daemon, nullptr, 0) == daemon);
  }
}

TEST_CASE("a state directory that another daemon holds is refused with that daemon's pid") {
  TemporaryDir dir;
  auto first = StateDir::lock(dir / "state");
  REQUIRE(first);
  auto second = StateDir::lock(dir / "state");
  REQUIRE(!second);
  CHECK(second.error().code == Errc::already_exists);
  CHECK(second.error().text.find("pid " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("a state directory that is a file is an error that names it") {
  TemporaryDir dir;
  write(dir / "state", "");
  auto state = StateDir::lock(dir / "state");
  REQUIRE(!state);
  CHECK(state.error().text.find(dir / "state") != std::string::npos);
}

TEST_CASE("an instance is read back as it was written, and is gone after a clean stop") {
  TemporaryDir dir;
  auto state = StateDir::lock(dir / "state");
  REQUIRE(state);
  auto none = state->earlier_instance();
  REQUIRE(none);
  CHECK(!*none);
  auto instance = new_instance();
  REQUIRE(instance);
  REQUIRE(state->write_instance(*instance));
  CHECK(mode_of(dir / "state/instance") == 0600);
  auto read = state->earlier_instance();
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->id == instance->id);
  CHECK((*read)->boot_id == instance->boot_id);
  CHECK((*read)->pid == ::getpid());
  CHECK((*read)->start_time == instance->start_time);
  state->remove_instance();
  CHECK(!*state->earlier_instance());
}

TEST_CASE("the records of a start take the room of those before them") {
  // The bug: they were files made anew, so that no daemon began on a full disk, where it could have made room.
  TemporaryDir dir;
  auto instance = new_instance();
  REQUIRE(instance);
  const auto blocks = [&](const char* name) {
    struct stat status {};
    REQUIRE(::stat((dir / (std::string("state/") + name)).c_str(), &status) == 0);
    return std::pair(status.st_ino, status.st_size);
  };
  std::optional<std::pair<ino_t, off_t>> lock, record;
  for (const bool is_clean : {true, false, false, true, true}) {
    auto state = StateDir::lock(dir / "state");
    REQUIRE(state);
    REQUIRE(state->write_instance(*instance));
    CHECK((*state->earlier_instance())->id == instance->id);
    CHECK(lock.value_or(blocks("lock")) == blocks("lock"));
    CHECK(record.value_or(blocks("instance")) == blocks("instance"));
    lock = blocks("lock");
    record = blocks("instance");
    if (is_clean) state->remove_instance();
  }
}

TEST_CASE("an unreadable record of an instance is an error, not a fresh start") {
  TemporaryDir dir;
  auto state = StateDir::lock(dir / "state");
  REQUIRE(state);
  for (const char* text : {"\n", "nonsense", "jobpool-instance 2 0123456789abcdef0123456789abcdef boot 1 1",
                           "jobpool-instance 1 short boot 1 1", "jobpool-instance 1 0123456789abcdef0123456789abcdef boot 1"}) {
    write(dir / "state/instance", text);
    CHECK(!state->earlier_instance());
  }
}

// Output was once removed at every start: a durable job that had ended before a restart came back without it.
TEST_CASE("the output directory is private, and output of an earlier instance stays in it") {
  TemporaryDir dir;
  auto state = StateDir::lock(dir / "state");
  REQUIRE(state);
  std::filesystem::create_directories(dir / "state/output");
  write(dir / "state/output/1.1.out", "old");
  auto output = state->open_output();
  REQUIRE(output);
  CHECK(std::filesystem::exists(dir / "state/output/1.1.out"));
  CHECK(mode_of(dir / "state/output") == 0700);
}

TEST_CASE("a record whose bytes a power loss took is of an earlier boot") {
  // The bug: its name had reached the disk, and no daemon could be started there any more until somebody removed it.
  TemporaryDir dir;
  auto state = StateDir::lock(dir / "state");
  REQUIRE(state);
  for (const std::string& text : {std::string{}, std::string(4'096, '\0')}) {
    write(dir / "state/instance", text);
    const auto earlier = state->earlier_instance();
    REQUIRE(earlier);
    CHECK_FALSE(*earlier);
  }
}
