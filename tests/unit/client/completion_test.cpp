// What stands at the end of a line: the plan of a completion, and the answers of `jobpool __complete`.
#include <algorithm>

#include "client/cli/complete/plan.hpp"
#include "client/cli/verbs.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::cli;
using namespace jobpool::testing;
using Wanted = CompletionPlan::Kind;

namespace {

CompletionPlan plan(std::vector<std::string> words) { return plan_completion(words); }

bool offers(const CompletionPlan& plan, std::string_view value) {
  return std::ranges::find(plan.words, value, &Candidate::value) != plan.words.end();
}

}  // namespace

TEST_CASE("verbs, and behind a group its own, aliases where nothing else fits") {
  CHECK(plan({""}).words.size() == verbs().size());
  CHECK(offers(plan({"ap"}), "apply-async"));
  CHECK_FALSE(offers(plan({""}), "submit"));
  CHECK(offers(plan({"sub"}), "submit"));
  CHECK(offers(plan({"queue", ""}), "put"));
  CHECK(offers(plan({"--json", "--socket", "/s", "pool", "cr"}), "create"));
  CHECK(plan({"no_such_verb", ""}).kind == Wanted::nothing);
  CHECK(plan({}).kind == Wanted::words);
  // The bug: nothing was offered behind help.
  CHECK(offers(plan({"help", "ap"}), "apply-async"));
  CHECK(offers(plan({"help", "queue", ""}), "put"));
  CHECK(offers(plan({"queue", "help", ""}), "put"));
  CHECK(plan({"help", "get", ""}).kind == Wanted::nothing);
  CHECK(plan({"help", "get", "-"}).kind == Wanted::nothing);
}

TEST_CASE("options of the verb and the common ones, with their explanations") {
  const CompletionPlan options = plan({"list", "--"});
  CHECK(offers(options, "--state"));
  CHECK(offers(options, "--json"));
  CHECK_FALSE(offers(options, "--retries"));
  CHECK(std::ranges::find(options.words, "--limit", &Candidate::value)->description.find("100") != std::string::npos);
  CHECK(offers(plan({"-"}), "--version"));
  CHECK(offers(plan({"map", "-"}), "-n"));
  CHECK(plan({"apply", "--", "-"}).kind == Wanted::commands);
  CHECK(plan({"apply", "make", "-"}).kind == Wanted::files);
}

TEST_CASE("values of options, behind them and glued to them") {
  CHECK(plan({"apply", "--pool", ""}).kind == Wanted::pools);
  const CompletionPlan glued = plan({"apply", "--pool=im"});
  CHECK(glued.kind == Wanted::pools);
  CHECK(glued.prefix == "--pool=");
  CHECK(glued.typed == "im");
  CHECK(plan({"apply", "--cwd", ""}).kind == Wanted::directories);
  CHECK(plan({"map", "-a", ""}).kind == Wanted::files);
  CHECK(offers(plan({"list", "--state", ""}), "running"));
  CHECK(offers(plan({"kill", "-s", ""}), "TERM"));
  CHECK(offers(plan({"clean", "--outcome", ""}), "timed_out"));
  CHECK(offers(plan({"apply", "--if-full", ""}), "block"));
  CHECK(offers(plan({"metrics", "--format", ""}), "prometheus"));
  CHECK(plan({"apply", "--retries", ""}).kind == Wanted::nothing);
  const CompletionPlan after = plan({"apply", "--after", "3,1"});
  CHECK(after.kind == Wanted::ids);
  CHECK(after.prefix == "3,");
  CHECK(after.typed == "1");
}

TEST_CASE("operands: jobs that the verb can do something to, pools, queues, processes, files") {
  CHECK(plan({"get", ""}).kind == Wanted::ids);
  CHECK(plan({"get", "1", ""}).kind == Wanted::nothing);
  CHECK(plan({"cancel", "1", ""}).kind == Wanted::unfinished_ids);
  CHECK(plan({"remove", ""}).kind == Wanted::ended_ids);
  CHECK(plan({"close", ""}).kind == Wanted::pools);
  CHECK(plan({"pool", "resize", "default", ""}).kind == Wanted::nothing);
  CHECK(plan({"pool", "create", ""}).kind == Wanted::nothing);
  CHECK(plan({"queue", "put", ""}).kind == Wanted::queues);
  CHECK(plan({"queue", "create", ""}).kind == Wanted::nothing);
  CHECK(plan({"process", "join", ""}).kind == Wanted::processes);
  CHECK(plan({"copy", "a", ""}).kind == Wanted::files);
  CHECK(plan({"status", ""}).kind == Wanted::nothing);
  CHECK(offers(plan({"call", "org.jobpool.Pool."}), "org.jobpool.Pool.Metrics"));
}

TEST_CASE("__complete asks the daemon at the line's socket, and offers what fits") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Pool.List");
    proto::PoolInfo images, idle, other;
    images.name = "images";
    idle.name = "idle";
    other.name = "default";
    for (proto::PoolInfo* pool : {&images, &idle, &other}) pool->state = "running";
    peer.say(proto::write_pools({images, idle, other}));
  });
  const Finished finished = jobpool_at("/nowhere", {"__complete", "--socket", server.path(), "apply", "--pool=i"});
  server.finish();
  CHECK(finished.out == "--pool=images\trunning\n--pool=idle\trunning\n:none\n");
  CHECK(finished.exit_code == 0);
}

TEST_CASE("__complete starts no daemon, and says nothing where there is none") {
  TempDir folder;
  const Finished finished = jobpool_at(folder.file("nobody"), {"__complete", "get", ""});
  CHECK(finished.out == ":none\n");
  CHECK(finished.err.empty());
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(jobpool_at(folder.file("nobody"), {"__complete", "apply", "--", ""}).out == ":commands\n");
  CHECK(jobpool_at(folder.file("nobody"), {"__complete", "copy", ""}).out == ":files\n");
  CHECK(jobpool_at(folder.file("nobody"), {"__complete", "logs", "--fo"}).out.starts_with("--follow\t"));
}
