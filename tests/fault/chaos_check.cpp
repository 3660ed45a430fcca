// See chaos_check.hpp. Findings are gathered into one text: there are tens of thousands of jobs.
#include "tests/fault/chaos_check.hpp"

#include <csignal>

#include "tests/support/all_jobs.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::fault {

using namespace testing;

namespace {

using Ran = std::map<std::string, Ledger::Entry>;

// A chunk's item begins with it.
std::string name_of_listed(const json& job) {
  std::string name = job["name"].get<std::string>();
  if (name.front() != static_cast<char>(Way::durable_map) && name.front() != static_cast<char>(Way::ephemeral_map)) return name;
  const std::string description = job["description"].get<std::string>();
  const std::size_t begin = description.find('"') + 1;
  return description.substr(begin, description.find('"', begin) - begin);
}

std::string result_wanted(const Submitted& job) {
  const std::string square = std::to_string(job.number * job.number);
  return job.work == Work::chunk ? "{\"results\":[" + square + "]}" : square;
}

class Judge {
 public:
  Judge(const Log& log, const JobsById& jobs, Ran ran) : log_(log), jobs_(jobs), ran_(std::move(ran)) {}

  // One job per key, and none that nobody asked for.
  void check_names() {
    std::map<std::string, std::uint64_t> ids;
    for (const auto& [id, job] : jobs_) {
      const std::string name = name_of_listed(job);
      expect(log_.contains(name), name, "is listed, but nobody submitted it");
      expect(ids.emplace(name, id).second, name, "is two jobs");
    }
    for (const auto& [name, entry] : ran_) expect(log_.contains(name), name, "ran, but nobody submitted it");
  }

  void check_starts(const std::string& name, const Submitted& job) {
    const Ledger::Entry ran = ran_[name];
    expect(ran.starts <= 1 + job.retries, name, "started more often than it may");
    expect(ran.ends <= ran.starts, name, "ended more often than it started");
  }

  // Of a durable job that the daemon lists, told or not; each one that was told must be there.
  void check_durable(const std::string& name, const Submitted& job) {
    if (!job.id) return;
    const auto found = jobs_.find(*job.id);
    expect(found != jobs_.end(), name, "was accepted and is lost");
    if (found == jobs_.end()) return;
    expect(name_of_listed(found->second) == name, name, "was accepted under an id that is another's");
  }

  void check_listed(const std::string& name, const Submitted& job, const json& listed) {
    const Ledger::Entry ran = ran_[name];
    const std::string outcome = listed.value("outcome", "none");
    const int attempt = listed.value("attempt", 0);
    expect(listed["state"] == "done", name, "has not ended: " + listed.dump());
    const int least = job.is_abandoned && outcome == "cancelled" ? 0 : 1;  // it may not have begun
    if (job.is_durable()) expect(attempt >= least && attempt <= 1 + job.retries, name, "has attempts that cannot be: " + listed.dump());
    expect(ran.starts <= attempt, name, "started more often than it has attempts: " + listed.dump());
    if (job.work != Work::function && outcome == "succeeded") {
      expect(ran.ends >= 1, name, "is said to have succeeded, and did not end");
      if (attempt == 1) expect(ran.starts == 1 && ran.ends == 1, name, "succeeded at its first attempt, and did not run just once");
    }
    // Only deaths ended anything here: of its worker or the daemon, of its client.
    const bool is_possible = outcome == "succeeded" || outcome == "interrupted" ||
                             (outcome == "cancelled" && (job.way == Way::apply || job.is_abandoned)) ||
                             (outcome == "crashed" && job.work != Work::command);
    expect(is_possible, name, "has an outcome that has no cause: " + listed.dump());
    if (!job.told.is_null()) expect(job.told["outcome"] == outcome, name, "was told as " + job.told.dump() + ", and is " + listed.dump());
  }

  void check_client(const std::string& name, const Submitted& job) {
    if (!job.exit_code) return;
    const std::string told = "its client ended with " + std::to_string(*job.exit_code) + ", " + job.out + job.err;
    const bool died_with_worker = job.work == Work::function && job.exit_code == 128 + SIGKILL;
    expect(job.exit_code == 0 || job.exit_code == 125 || died_with_worker, name, told);
    if (job.way != Way::apply || job.exit_code != 0) return;
    const bool is_command = job.work == Work::command;
    expect(job.out == (is_command ? name : std::to_string(job.number * job.number)) + "\n", name, told);
    if (is_command) expect(ran_[name].starts == 1 && ran_[name].ends == 1, name, "was told as a success, and did not run just once");
  }

  // Of a chunk.
  void check_told(const std::string& name, const Submitted& job) {
    if (job.work != Work::chunk || job.is_abandoned) return;
    if (job.told.is_null()) return expect(!job.is_durable(), name, "was brought until it should have been told, and never was");
    const std::string outcome = job.told.value("outcome", "none");
    expect(outcome == "succeeded" || outcome == "interrupted" || outcome == "crashed", name, "was told as " + job.told.dump());
    if (outcome != "succeeded") return;
    expect(job.told["result"] == result_wanted(job), name, "was told as " + job.told.dump());
    expect(ran_[name].starts == 1 && ran_[name].ends == 1, name, "was told as a success, and did not run just once");
  }

  // What `get` says to who was told this id, long ago.
  void check_answer(const std::string& name, const Submitted& job, const json& reply) {
    const json ending = reply.value("parameters", json::object()).value("ending", json::object());
    const std::string outcome = ending.value("outcome", "none");
    expect(!reply.contains("error") && outcome != "none", name, "was accepted, and get says " + reply.dump());
    if (outcome != "succeeded") return;
    if (job.work != Work::command) expect(ending["result"] == result_wanted(job), name, "has the result " + reply.dump());
    if (job.work != Work::function) expect(ran_[name].ends >= 1, name, "succeeded by what get says, and did not end");
  }

  const std::string& findings() const { return findings_; }

 private:
  void expect(bool holds, const std::string& name, const std::string& otherwise) {
    if (holds) return;
    const Ledger::Entry ran = ran_[name];
    findings_ += name + " " + otherwise + " (" + std::to_string(ran.starts) + " starts, " + std::to_string(ran.ends) + " ends)\n";
  }

  const Log& log_;
  const JobsById& jobs_;
  Ran ran_;
  std::string findings_;
};

void check_answers(const Daemon& daemon, const Log& log, Judge& judge) {
  std::vector<std::string> gets;
  for (const auto& [name, job] : log)
    if (job.id) gets.push_back(call_text("org.jobpool.Job.Get", {{"id", *job.id}, {"output", false}}));
  VarlinkClient client = daemon.connect();
  const std::vector<json> replies = client.exchange(gets);
  auto reply = replies.begin();
  for (const auto& [name, job] : log)
    if (job.id) judge.check_answer(name, job, *reply++);
}

}  // namespace

void check_outcomes(const Daemon& daemon, const Ledger& ledger, const Log& log) {
  const JobsById jobs = all_jobs(daemon);
  Judge judge(log, jobs, ledger.read());
  judge.check_names();
  for (const auto& [name, job] : log) {
    judge.check_starts(name, job);
    judge.check_client(name, job);
    judge.check_told(name, job);
    if (job.is_durable()) judge.check_durable(name, job);
  }
  for (const auto& [id, listed] : jobs) {
    const auto submitted = log.find(name_of_listed(listed));
    if (submitted != log.end()) judge.check_listed(submitted->first, submitted->second, listed);
  }
  check_answers(daemon, log, judge);
  CHECK(judge.findings() == "");
}

}  // namespace jobpool::fault
