// Everything is killed at once, again and again, under a load of durable submissions: what was accepted is there, and has one outcome.
#include <map>
#include <set>

#include "tests/support/all_jobs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

constexpr int kBatch = 64;       // pipelined: they share a commit
constexpr int kCommandEach = 4;  // so many jobs to one command; the others are functions, which are cheaper

bool is_command(int number) { return number % kCommandEach == 0; }
// A retry makes up for a death; the ledger then shows as many starts as there were attempts, at most.
bool has_retry(int number) { return number % (2 * kCommandEach) == 0; }

std::string submission(const Ledger& ledger, int number) {
  const std::string name = std::to_string(number);
  json job = {{"name", name}};
  if (is_command(number)) {
    job["command"] = ledger.command(name);
    job["environment"] = {std::string("PATH=/usr/bin:/bin")};
  } else {
    job["function"] = "square";
    job["arguments"] = "[" + name + "]";
  }
  if (has_retry(number)) job.update({{"retries", 1}, {"backoffUSec", 1'000}});
  return call_text("org.jobpool.Pool.ApplyAsync", {{"job", job}});
}

// What was promised: by id, the number of the submission that was told it.
using Accepted = std::map<std::uint64_t, int>;

void note(const std::optional<json>& reply, int number, Accepted& accepted) {
  INFO(reply->dump());
  REQUIRE_FALSE(reply->contains("error"));
  const auto id = (*reply)["parameters"]["id"].get<std::uint64_t>();
  INFO("id " << id << " was given twice");
  REQUIRE(accepted.emplace(id, number).second);
}

// Submits [from, until), and kills everything with the last batch half answered.
void submit_and_kill(Daemon& daemon, const Ledger& ledger, int from, int until, Accepted& accepted) {
  VarlinkClient client = daemon.connect();
  for (int begin = from; begin < until; begin += kBatch) {
    const int end = std::min(begin + kBatch, until);
    std::string calls;
    for (int number = begin; number < end; ++number) calls += submission(ledger, number);
    REQUIRE(client.write(calls));
    const bool last = end == until;
    int number = begin;
    for (const int stop = last ? begin + (end - begin) / 2 : end; number < stop; ++number) note(client.receive(), number, accepted);
    if (!last) continue;
    daemon.kill_everything();
    // What had been said before it died counts as well.
    while (const auto reply = client.receive()) note(reply, number++, accepted);
  }
}

void check_job(const json& job, const Ledger::Entry& ran) {
  const int number = std::stoi(job["name"].get<std::string>());
  INFO(job.dump() << " started " << ran.starts << " and ended " << ran.ends << " times");
  CHECK(job["state"] == "done");
  CHECK((job["outcome"] == "succeeded" || job["outcome"] == "interrupted"));
  CHECK(job["attempt"] >= 1);
  CHECK(job["attempt"] <= (has_retry(number) ? 2 : 1));
  if (!is_command(number)) return;
  CHECK(ran.starts <= job["attempt"].get<int>());
  if (job["outcome"] == "succeeded") CHECK(ran.ends >= 1);
}

void check_results(const Daemon& daemon, const JobsById& jobs) {
  VarlinkClient client = daemon.connect();
  for (const auto& [id, job] : jobs) {
    const long long number = std::stoll(job["name"].get<std::string>());
    if (is_command(static_cast<int>(number)) || job["outcome"] != "succeeded") continue;
    CHECK(client.call("org.jobpool.Job.Get", {{"id", id}})["ending"]["result"] == std::to_string(number * number));
  }
}

}  // namespace

TEST_CASE("everything killed at once under a load of durable jobs: each accepted one has one outcome, and started once an attempt") {
  const int all = of_size(2'000, 20'000);
  const int rounds = 5;
  Daemon daemon({.workers = 3});
  const Ledger ledger(daemon.file("ledger"));
  Accepted accepted;
  JobsById seen;
  for (int round = 0; round < rounds; ++round) {
    submit_and_kill(daemon, ledger, all * round / rounds, all * (round + 1) / rounds, accepted);
    daemon.start_again();
    const auto now = all_jobs(daemon);
    check_kept(seen, now);
    seen = now;
  }
  REQUIRE(wait_until([&] { return is_quiet(daemon); }, 4 * kPatience));

  const auto jobs = all_jobs(daemon);
  check_kept(seen, jobs);
  for (const auto& [id, number] : accepted) {
    INFO("job " << id << " was accepted as " << number);
    REQUIRE(jobs.contains(id));
    CHECK(jobs.at(id)["name"] == std::to_string(number));
  }
  auto ran = ledger.read();
  std::set<std::string> names;
  for (const auto& [id, job] : jobs) {
    CHECK(names.insert(job["name"].get<std::string>()).second);
    check_job(job, ran[job["name"].get<std::string>()]);
  }
  for (const auto& [name, entry] : ran) {
    INFO("ran, but is no job: " << name);
    CHECK(names.contains(name));
  }
  check_results(daemon, jobs);
}
