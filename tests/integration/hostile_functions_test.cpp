// Functions that disturb their worker: each job has one clear outcome, and those that come after it notice nothing.
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

namespace {

// One worker: what comes next is where the hostile one was, unless that cost the worker.
DaemonOptions one_worker() { return {.workers = 1, .arguments = {"--plugin-dir", HOSTILE_PLUGIN_DIR}}; }

// A function, and a command that needs descriptors, a folder and processes.
void check_others_work(const Daemon& daemon) {
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
  const Finished command = daemon.run({"apply", "--", "sh", "-c", "pwd | cat; exit 3"});
  CHECK(command.exit_code == 3);
  CHECK(command.out == std::filesystem::current_path().string() + "\n");
}

// The broker did not die of it, and nothing but its own ending became of the job.
void check_all_well(const Daemon& daemon, const std::string& id, const std::string& outcome) {
  CHECK(daemon.job(id)["outcome"] == outcome);
  check_others_work(daemon);
  CHECK(daemon.job(id)["outcome"] == outcome);
  CHECK(daemon.job(id)["attempt"] == 1);
  CHECK(daemon.status()["brokerRestarts"] == 0);
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

TEST_CASE("a function that ends its worker, in whatever way, has crashed, and costs nobody else") {
  Daemon daemon(one_worker());
  const std::vector<std::vector<std::string>> ways = {{"@exit", "0"}, {"@quick_exit", "0"}, {"@quick_exit", "3"}, {"@end_thread"},
                                                      {"@terminate"}, {"@overflow_stack"},  {"@crash", "9"}};
  for (const std::vector<std::string>& words : ways) {
    INFO(words[0]);
    const std::string id = daemon.submit(words), next = daemon.submit({"@square", "6"});
    const Finished got = daemon.run({"get", id});
    CHECK(got.exit_code >= 125);
    CHECK(got.out.empty());
    CHECK(got.err.find("job " + id) != std::string::npos);
    CHECK(daemon.run({"get", next}).out == "36\n");
    check_all_well(daemon, id, "crashed");
  }
  CHECK(daemon.status()["workerRestarts"] == ways.size());
}

TEST_CASE("what a function does to its folder, limits and processes is unseen by the next") {
  Daemon daemon(one_worker());
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"@go_into_deleted_folder", quoted(daemon.file("deleted"))}, {"@lower_limits"}, {"@leave_child"}}) {
    INFO(words[0]);
    const std::string id = daemon.submit(words);
    CHECK(daemon.run({"get", id}).out == "null\n");
    check_all_well(daemon, id, "succeeded");
  }
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("a function that forks and returns twice has one result, and no second worker is left") {
  Daemon daemon(one_worker());
  daemon.require_workers(1);
  const std::string id = daemon.submit({"@fork_and_return"});
  CHECK(daemon.run({"get", id}).out == "\"parent\"\n");
  check_all_well(daemon, id, "succeeded");
  // The worker alone; its child has its name and was its child.
  CHECK(wait_until([&] { return children_named(daemon.worker_pids().at(0), "jobpool-worker").empty(); }));
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("a function that closes all that its worker has open costs that worker at most") {
  Daemon daemon(one_worker());
  const std::string id = daemon.submit({"@close_all"});
  daemon.run({"wait", id});
  // The supervisor may see its hang-up before the broker its report.
  const json outcome = daemon.job(id)["outcome"];
  CHECK((outcome == "succeeded" || outcome == "crashed"));
  check_all_well(daemon, id, outcome);
}

TEST_CASE("a function that writes garbage to all that its worker has open does not bring down the broker") {
  for (const std::size_t size : {std::size_t{8}, std::size_t{100}, std::size_t{70'000}}) {
    INFO(size << " bytes");
    Daemon daemon(one_worker());
    const std::string id = daemon.submit({"@scribble", quoted(std::string(size, 'g'))});
    daemon.run({"wait", id});
    const json outcome = daemon.job(id)["outcome"];
    CHECK((outcome == "succeeded" || outcome == "crashed"));
    check_all_well(daemon, id, outcome);
  }
}

TEST_CASE("a function that stops its process is ended when its time is over, or when it is cancelled") {
  Daemon daemon(one_worker());
  const std::string slow = daemon.submit({"--timeout", "100ms", "--grace", "100ms", "@stop_itself"});
  CHECK(daemon.run({"get", slow}).exit_code == 124);
  check_all_well(daemon, slow, "timed_out");
  const std::string cancelled = daemon.submit({"--grace", "100ms", "@stop_itself"});
  REQUIRE(wait_until([&] { return daemon.job(cancelled)["state"] == "running"; }));
  CHECK(daemon.run({"cancel", cancelled}).exit_code == 0);
  check_all_well(daemon, cancelled, "cancelled");
}

TEST_CASE("map --retries tries the items of a chunk that took its worker along each by itself") {
  Daemon daemon(one_worker());
  const Finished lost = daemon.run({"map", "-n", "3", "@exit_on_zero", ":::", "1", "0", "3"});
  CHECK(lost.exit_code == 3);
  CHECK(lost.out.empty());
  CHECK(lost.err.find("exited with status 3 after this job had started, in item 2 of its chunk") != std::string::npos);
  const Finished tried = daemon.run({"map", "-n", "3", "--retries", "1", "--backoff", "1ms", "@exit_on_zero", ":::", "1", "0", "3"});
  CHECK(tried.exit_code == 1);
  CHECK(tried.out == "1\n3\n");
  // Each of them waited for its own back-off: a chunk of a thousand for a thousand of them.
  std::istringstream jobs(daemon.run({"list", "--json"}).out);
  int held_back = 0;
  for (std::string line; std::getline(jobs, line);) held_back += json::parse(line).contains("notBeforeUSec") ? 1 : 0;
  CHECK(held_back == 1);
  check_others_work(daemon);
}

// Its items were counted as one, and those behind it had other numbers.
TEST_CASE("get of a batch whose first chunk took its worker along numbers all items as they were given") {
  Daemon daemon(one_worker());
  const Finished submitted = daemon.run({"map", "--async", "-n", "2", "@exit_on_zero", ":::", "0", "1", "2", "3", "0"});
  const Finished finished = daemon.run({"get", submitted.out.substr(0, submitted.out.size() - 1)});
  CHECK(finished.exit_code == 3);
  CHECK(finished.out == "2\n3\n");
  CHECK(finished.err.find("3 of 5 failed") != std::string::npos);
  CHECK(finished.err.find("\n   5 ") != std::string::npos);
}

TEST_CASE("map over functions that disturb their worker ends, and those that come after it notice nothing") {
  Daemon daemon(one_worker());
  CHECK(daemon.run({"map", "-n", "5", "@close_all", "--json", ":::", "1"}).exit_code == 1);  // it takes no argument
  CHECK(daemon.run({"map", "-n", "2", "@exit_on_zero", ":::", "1", "2", "0", "0", "5", "6"}).out == "1\n2\n5\n6\n");
  check_others_work(daemon);
}
