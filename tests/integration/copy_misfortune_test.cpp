// jobpool copy when things go wrong: killed, interrupted, its workers killed, files that cannot be read or are gone, a disk that is full.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/copy_source.hpp"
#include "tests/integration/small_disk.hpp"
#include "tests/support/all_jobs.hpp"
#include "tests/support/occupy.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

int ready_jobs(const Daemon& daemon) { return daemon.status()["pools"][0]["ready"]; }

// By one job that has not ended. One more than it is while the next attempt's number is given and nothing runs yet.
int most_workers_lost(const Daemon& daemon) {
  int most = 0;
  for (const auto& [id, job] : all_jobs(daemon))
    if (job["state"] != "done") most = std::max(most, job["attempt"].get<int>() - (job["state"] == "running" ? 1 : 0));
  return most;
}

// Every name in the target that the source has too is the whole file.
std::string half_files(const CopySource& source) {
  const auto wanted = tree_of(source.path());
  std::string text;
  for (const auto& [path, is] : tree_of(source.target())) {
    const auto found = wanted.find(path);
    const bool is_folder = std::filesystem::is_directory(source.target(path));
    if (found != wanted.end() && !is_folder && found->second != is) text += path + "\n";
  }
  return text;
}

constexpr int kLargeShare = 96, kLargeNightly = 2048;  // MiB: three ranges, and the promised 2 GiB

// A share of the work is done in memory, all of it needs a disk.
std::filesystem::path roomy(const TempDir& in_memory, const Daemon& daemon) {
  return of_size(0, 1) == 0 ? in_memory.path() : daemon.folder();
}

}  // namespace

TEST_CASE("copy of very many small files and of a large one is the same in everything") {
  Daemon daemon;
  const TempDir in_memory(TempDir::On::memory);
  const CopySource source(roomy(in_memory, daemon));
  source.make_small_files(of_size(2'000, 20'000));
  source.make_large_file("large", of_size(kLargeShare, kLargeNightly));
  const Finished finished = daemon.run({"copy", source.path(), source.target()}, {}, 10min);
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
  CHECK(occupied_bytes(source.target("large")) <= occupied_bytes(source.path("large")) + 65'536);
  const Finished verified = daemon.run({"copy", "--merge", "--verify", source.path(), source.target()}, {}, 10min);
  INFO(verified.err);
  CHECK(verified.exit_code == 0);
  CHECK(has(verified.err, "copy complete: 0 files"));
}

TEST_CASE("copy that is killed leaves no half file, and the same command completes it") {
  Daemon daemon;
  const TempDir in_memory(TempDir::On::memory);
  const CopySource source(roomy(in_memory, daemon));
  source.make_small_files(of_size(2'000, 20'000));
  source.make_large_file("large", of_size(kLargeShare, kLargeNightly));
  const std::vector<std::string> words{"copy", "--verbose", source.path(), source.target()};
  for (int kills = 0; kills < 3; ++kills) {
    Child copy = daemon.start(words);
    for (int names = 0; names < 100; ++names) (void)copy.read_line();
    copy.send_signal(SIGKILL);
    REQUIRE(copy.finish().exit_code == 128 + SIGKILL);
    REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["running"] == 0 && ready_jobs(daemon) == 0; }));
    CHECK(half_files(source) == "");
  }
  const Finished finished = daemon.run(words, {}, 10min);
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(has(finished.err, "were there already"));
  CHECK(difference_of_trees(source.path(), source.target()) == "");
}

TEST_CASE("copy that is interrupted says how far it is, and the same command goes on") {
  Daemon daemon({.workers = 1});
  const CopySource source(daemon);
  source.make_small_files(20);
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  Child copy = daemon.start({"copy", source.path(), source.target()});
  REQUIRE(wait_until([&] { return ready_jobs(daemon) == 1; }));
  copy.send_signal(SIGINT);
  const Finished finished = copy.finish();
  CHECK(finished.exit_code == 130);
  CHECK(has(finished.err, "copy interrupted: 0 of 20 files are done; the same command goes on from here"));
  REQUIRE(wait_until([&] { return ready_jobs(daemon) == 0; }));
  gate.open();
  CHECK(daemon.run({"copy", source.path(), source.target()}).exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
}

TEST_CASE("copy whose workers are killed copies everything all the same") {
  Daemon daemon;
  const TempDir in_memory(TempDir::On::memory);
  const CopySource source(roomy(in_memory, daemon));
  source.make_small_files(of_size(4'000, 20'000));
  source.make_large_file("large", kLargeShare);
  daemon.require_workers(2);
  Child copy = daemon.start({"copy", "--verbose", source.path(), source.target()});
  constexpr int kKills = 6;
  for (int kills = 0; kills < kKills; ++kills) {
    (void)copy.read_line();  // some files further
    REQUIRE(wait_until([&] {
      const std::vector<pid_t> workers = daemon.worker_pids();
      return !workers.empty() && signal_child(workers[static_cast<std::size_t>(kills) % workers.size()], daemon.pid(), SIGKILL);
    }));
    // The bug: three of the kills could hit one job, which then was poison, as it should be. Whichever is hit next has lost one at most.
    REQUIRE(wait_until([&] { return daemon.status()["workerRestarts"] == kills + 1 && most_workers_lost(daemon) < 2; }));
  }
  const Finished finished = copy.finish(5min);
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
  CHECK(daemon.status()["workerRestarts"] == kKills);
}

TEST_CASE("copy outlives the broker") {
  Daemon daemon;
  const TempDir in_memory(TempDir::On::memory);
  const CopySource source(roomy(in_memory, daemon));
  source.make_small_files(of_size(4'000, 20'000));
  Child copy = daemon.start({"copy", "--verbose", source.path(), source.target()});
  (void)copy.read_line();
  ::kill(daemon.broker_pid(), SIGKILL);
  const Finished finished = copy.finish(5min);
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
}

TEST_CASE("copy whose daemon is gone says so, and goes on with the next one") {
  Daemon daemon({.workers = 1});
  const CopySource source(daemon);
  source.make_small_files(20);
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  Child copy = daemon.start({"copy", source.path(), source.target()});
  REQUIRE(wait_until([&] { return ready_jobs(daemon) == 1; }));
  daemon.kill_everything();
  const Finished finished = copy.finish();
  CHECK(finished.exit_code == 125);
  CHECK(has(finished.err, "daemon"));
  daemon.start_again();
  CHECK(daemon.run({"copy", source.path(), source.target()}).exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
}

TEST_CASE("copy is alone in its target, and another source is not mixed into what was begun") {
  Daemon daemon({.workers = 1});
  const CopySource source(daemon);
  source.make_small_files(5);
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  Child copy = daemon.start({"copy", source.path(), source.target()});
  REQUIRE(wait_until([&] { return ready_jobs(daemon) == 1; }));
  const Finished second = daemon.run({"copy", source.path(), source.target()});
  CHECK(second.exit_code == 1);
  CHECK(has(second.err, "another copy is at work"));
  copy.send_signal(SIGKILL);
  CHECK(copy.finish().exit_code == 128 + SIGKILL);
  const Finished other = daemon.run({"copy", source.path("files"), source.target()});
  CHECK(other.exit_code == 1);
  CHECK(has(other.err, "holds an unfinished copy of " + source.path()));
  gate.open();
}

TEST_CASE("copy names a file that it may not open, copies the rest and exits with 1") {
  Daemon daemon;
  const CopySource source(daemon);
  source.make_small_files(20);
  // Also root is refused a file on which somebody has a write lease, when it will not wait for that.
  const jobpool::UniqueFd leased(::open(source.path("files/7").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(leased);
  ::signal(SIGIO, SIG_IGN);  // how the holder is told
  REQUIRE(::fcntl(leased.get(), F_SETLEASE, F_WRLCK) == 0);
  const Finished finished = daemon.run({"copy", source.path(), source.target()});
  CHECK(finished.exit_code == 1);
  CHECK(has(finished.err, "files/7: cannot open the source: "));
  CHECK(has(finished.err, "copy ended, 1 not copied well: 19 files"));
  REQUIRE(::fcntl(leased.get(), F_SETLEASE, F_UNLCK) == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "missing: files/7\n");
  CHECK(daemon.run({"copy", "--merge", source.path(), source.target()}).exit_code == 0);
  CHECK(difference_of_trees(source.path(), source.target()) == "");
}

TEST_CASE("copy says which file vanished before it could be copied, and which is another one now") {
  Daemon daemon({.workers = 1});
  const CopySource source(daemon);
  source.make_small_files(5);
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  Child copy = daemon.start({"copy", source.path(), source.target()});
  REQUIRE(wait_until([&] { return ready_jobs(daemon) == 1; }));  // all is found, nothing is copied
  REQUIRE(::unlink(source.path("files/1").c_str()) == 0);
  REQUIRE(::unlink(source.path("files/2").c_str()) == 0);
  REQUIRE(::mkfifo(source.path("files/2").c_str(), 0600) == 0);
  gate.open();
  const Finished finished = copy.finish();
  CHECK(finished.exit_code == 1);
  CHECK(has(finished.err, "files/1: it was gone before it could be copied"));
  CHECK(has(finished.err, "files/2: it is no regular file any more"));
  CHECK(has(finished.err, "2 not copied well: 3 files"));
}

TEST_CASE("copy follows no link that takes a folder's place while it copies") {
  Daemon daemon({.workers = 1});
  const CopySource source(daemon);
  source.make_small_files(5);
  REQUIRE(::mkdir(daemon.file("elsewhere").c_str(), 0700) == 0);
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  Child copy = daemon.start({"copy", source.path(), source.target()});
  REQUIRE(wait_until([&] { return ready_jobs(daemon) == 1; }));
  REQUIRE(::rename(source.target("files").c_str(), source.target("moved").c_str()) == 0);
  REQUIRE(::symlink(daemon.file("elsewhere").c_str(), source.target("files").c_str()) == 0);
  gate.open();
  const Finished finished = copy.finish();
  CHECK(finished.exit_code == 1);
  CHECK(has(finished.err, "cannot open the target's folder"));
  CHECK(std::filesystem::is_empty(daemon.file("elsewhere")));
}

TEST_CASE("copy onto a full disk stops and says so, and goes on when there is room") {
  const SmallDisk disk;
  Daemon daemon({.arguments = disk.daemon_arguments()});
  const CopySource source(daemon);
  source.make_small_files(300);
  const std::string target = disk.path() + "/copy";
  disk.fill();
  const Finished full = daemon.run({"copy", source.path(), target});
  INFO(full.err);
  CHECK(full.exit_code == 1);
  CHECK(has(full.err, "No space left on device"));
  CHECK(has(full.err, "the target's disk is full: make room, then the same command goes on from here"));
  disk.make_room();
  const Finished finished = daemon.run({"copy", source.path(), target});
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(difference_of_trees(source.path(), target) == "");
}
