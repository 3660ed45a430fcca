// Workers killed at random while many jobs pass: each job has exactly one outcome, none ran twice, and only those that a killed worker had
// started are interrupted.
#include <poll.h>
#include <signal.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

// Kills random workers of `supervisor` until as many as wanted are dead, or it is told to stop. Returns how many it killed.
class Killer {
 public:
  Killer(pid_t supervisor, int wanted, unsigned seed) : thread_([=, this] { kill_until_done(supervisor, wanted, seed); }) {}
  ~Killer() { stop(); }
  int stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return killed_;
  }

 private:
  void kill_until_done(pid_t supervisor, int wanted, unsigned seed) {
    std::mt19937 random(seed);
    while (killed_ < wanted && !stop_) {
      const std::vector<pid_t> workers = children_named(supervisor, "jobpool-worker");
      if (!workers.empty() && signal_child(workers[random() % workers.size()], supervisor, SIGKILL)) ++killed_;
      // Deaths fall on every moment of a job's life, and leave the jobs some life between them.
      ::poll(nullptr, 0, static_cast<int>(random() % 8));
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> killed_ = 0;
  std::thread thread_;
};

}  // namespace

TEST_CASE("random deaths of workers cost the jobs they had started, and nothing else") {
  const int jobs = of_size(10'000, 200'000);
  const int kills = of_size(1'000, 10'000);
  const unsigned seed = any_seed();
  INFO("seed " << seed);
  Daemon daemon({.workers = 4});
  const Ledger ledger(daemon.file("ledger"));
  daemon.require_workers(4);

  // Two of three are commands that note what they do, the third is a function.
  std::vector<std::string> submissions;
  for (int number = 0; number < jobs; ++number) {
    json job = {{"function", "square"}, {"arguments", "[" + std::to_string(number) + "]"}};
    if (number % 3 != 0) job = {{"command", ledger.command(std::to_string(number))}, {"environment", {"PATH=/usr/bin:/bin"}}};
    submissions.push_back(call_text("org.jobpool.Pool.ApplyAsync", {{"job", job}}));
  }
  VarlinkClient client = daemon.connect();
  Killer killer(daemon.pid(), kills, seed);
  std::vector<std::string> gets;
  for (const json& reply : client.exchange(submissions)) {
    REQUIRE_FALSE(reply.contains("error"));
    gets.push_back(call_text("org.jobpool.Job.Get", {{"id", reply["parameters"]["id"]}, {"output", false}}));
  }
  const std::vector<json> replies = client.exchange(gets, std::chrono::minutes(jobs / 2000 + 5));
  const int killed = killer.stop();
  WARN(jobs << " jobs, " << killed << " workers killed");

  const auto entries = ledger.read();
  int lost = 0;
  std::string wrong;
  for (int number = 0; number < jobs; ++number) {
    const json& reply = replies[static_cast<std::size_t>(number)];
    REQUIRE_FALSE(reply.contains("error"));
    const json ending = reply["parameters"]["ending"];
    const auto entry = entries.find(std::to_string(number));
    const int starts = entry == entries.end() ? 0 : entry->second.starts;
    const int ends = entry == entries.end() ? 0 : entry->second.ends;
    bool right = starts <= 1 && ends <= starts;
    // Of a command nobody knows; a function died with its worker, of the same signal.
    const bool is_function = number % 3 == 0;
    if (ending["outcome"] == "interrupted" || (is_function && ending["outcome"] == "crashed" && ending["signal"] == SIGKILL)) {
      ++lost;
    } else if (is_function) {
      right = ending["result"] == std::to_string(static_cast<std::int64_t>(number) * number);
    } else {
      right = right && ending["outcome"] == "succeeded" && starts == 1 && ends == 1;
    }
    if (right) continue;
    wrong += "job " + std::to_string(number) + " started " + std::to_string(starts) + " and ended " + std::to_string(ends) +
             " times: " + ending.dump() + "\n";
  }
  CHECK(wrong == "");
  CHECK(lost <= killed);
  CHECK(killed > kills / 10);  // else the machine was so fast that this test has shown little: give it more jobs
  const json status = daemon.status();
  CHECK(status["pools"][0]["done"] == jobs);
  CHECK(status["rescuedWakeups"] == 0);
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
}
