// jobpool copy beside cp -a, of the same tree in the same run: many small files, and one large one. Both find the source in memory (warm).
//   copy_tree [--files=20000] [--large=512] [--rounds=5] [--workers=2] [--place=DIR]
// They take turns, and who begins changes with each round; ours says how it ended on stderr. `--large` in MiB; `--place`: where, else a
// temporary folder of /tmp.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

constexpr long kFilesOfFolder = 100;
constexpr std::size_t kMiB = 1024 * 1024;

void write_file(const std::string& path, const std::string& bytes, long times = 1) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  for (; times > 0; --times)
    if (!file || ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) give_up(path);
}

// 0 to 12 KiB, 4 on the average, a hundred to a folder.
void make_small_files(const std::string& root, long count) {
  ::mkdir(root.c_str(), 0755);
  const std::string bytes(12 * 1024, 'x');
  for (long i = 0; i < count; ++i) {
    const std::string folder = root + "/" + std::to_string(i / kFilesOfFolder);
    if (i % kFilesOfFolder == 0) ::mkdir(folder.c_str(), 0755);
    write_file(folder + "/" + std::to_string(i), bytes.substr(0, static_cast<std::size_t>(i * 2654435761U % 8192)));
  }
}

void make_large_file(const std::string& root, long mebibytes) {
  ::mkdir(root.c_str(), 0755);
  write_file(root + "/large", std::string(kMiB, 'x'), mebibytes);
}

double seconds_of(std::vector<std::string> argv, const std::string& target) {
  argv.push_back(target);
  const auto begin = Clock::now();
  const pid_t pid = spawn(argv);
  int status = 0;
  ::waitpid(pid, &status, 0);
  const double taken = microseconds_since(begin) / 1e6;
  if (status != 0) give_up(argv[0] + " failed");
  return taken;
}

// Copies are removed after all rounds: ext4 searches long for inodes after many were freed, which would be all that is measured.
void compare(const std::string& place, const std::string& tree, const std::vector<std::string>& words, long rounds) {
  std::vector<std::string> ours = words, floor{"/bin/cp", "-a"};
  ours.push_back(place + "/" + tree);
  floor.push_back(place + "/" + tree);
  std::vector<double> our_times, floor_times;
  for (long round = 0; round < rounds; ++round) {
    const std::string number = std::to_string(round);
    if (round % 2 == 0) our_times.push_back(seconds_of(ours, place + "/ours" + number));
    floor_times.push_back(seconds_of(floor, place + "/floor" + number));
    if (round % 2 != 0) our_times.push_back(seconds_of(ours, place + "/ours" + number));
  }
  for (long round = 0; round < rounds; ++round)
    for (const char* side : {"/ours", "/floor"}) std::filesystem::remove_all(place + side + std::to_string(round));
  print_figure("copy." + tree, our_times, "s");
  print_figure("cp_a." + tree, floor_times, "s");
  print_ratio("copy/cp_a." + tree, our_times, floor_times);
}

}  // namespace

int copy_tree(int argc, char** argv) {
  const PrivateDaemon daemon(static_cast<int>(option(argc, argv, "workers", 2)));
  const std::string place = option(argc, argv, "place", daemon.folder()) + "/copy_tree";
  const long rounds = option(argc, argv, "rounds", 5);
  std::filesystem::create_directory(place);
  make_small_files(place + "/small", option(argc, argv, "files", 20'000));
  make_large_file(place + "/large", option(argc, argv, "large", 512));
  const std::vector<std::string> words{program("jobpool"), "--no-autostart", "--socket", daemon.socket(), "copy"};
  for (const std::string tree : {"small", "large"}) compare(place, tree, words, rounds);
  std::filesystem::remove_all(place);
  return 0;
}

}  // namespace jobpool::bench
