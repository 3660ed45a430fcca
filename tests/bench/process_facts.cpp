// See process_facts.hpp.
#include "tests/bench/process_facts.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

std::string proc(pid_t pid) { return "/proc/" + std::to_string(pid); }

// The number behind `word`, anywhere in the file.
double number_behind(const std::string& path, const std::string& word) {
  std::ifstream file(path);
  for (std::string next; file >> next;) {
    double number = 0;
    if (next == word && file >> number) return number;
  }
  give_up(word + " in " + path);
}

}  // namespace

double pss_bytes(pid_t pid) { return number_behind(proc(pid) + "/smaps_rollup", "Pss:") * 1024; }

double pss_bytes(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (const pid_t pid : pids) sum += pss_bytes(pid);
  return sum;
}

std::string name_of(pid_t pid) {
  std::string name;
  std::getline(std::ifstream(proc(pid) + "/comm"), name);
  return name;
}

std::vector<pid_t> family_of(pid_t pid) {
  std::vector<pid_t> all{pid};
  for (std::size_t next = 0; next < all.size(); ++next) {
    for (const auto& thread : std::filesystem::directory_iterator(proc(all[next]) + "/task")) {
      std::ifstream children(thread.path() / "children");
      for (pid_t child = 0; children >> child;) all.push_back(child);
    }
  }
  return all;
}

Activity activity_of(const std::vector<pid_t>& pids) {
  Activity sum;
  for (const pid_t pid : pids) {
    for (const auto& thread : std::filesystem::directory_iterator(proc(pid) + "/task")) {
      const std::string status = (thread.path() / "status").string();
      sum.wake_ups += static_cast<std::uint64_t>(number_behind(status, "voluntary_ctxt_switches:"));
      sum.preempted += static_cast<std::uint64_t>(number_behind(status, "nonvoluntary_ctxt_switches:"));
      double nanoseconds = 0;
      std::ifstream(thread.path() / "schedstat") >> nanoseconds;
      sum.cpu_usec += nanoseconds / 1e3;
    }
  }
  return sum;
}

}  // namespace jobpool::bench
