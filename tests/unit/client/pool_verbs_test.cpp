// The verbs of pools on the command line: what they send, print and exit with.
#include <algorithm>
#include <optional>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

proto::PoolInfo images() {
  proto::PoolInfo pool;
  pool.name = "images";
  pool.state = "running";
  pool.workers = 1;
  pool.ready = 7;
  pool.size = 4;
  pool.threads = 2;
  pool.min = 1;
  pool.idle_usec = 30'000'000;
  pool.max_tasks = 100;
  pool.memory_bytes = 512 << 20;
  pool.initializer = "load";
  pool.arguments = "[\"small\"]";
  pool.setup_error = "ValueError: no such model";
  pool.setup_failures = 3;
  pool.worker_list = {{3, 4711, "running", JobId{21}, 5}};
  return pool;
}

}  // namespace

TEST_CASE("pool create sends what its options say") {
  std::optional<proto::CreatePoolRequest> sent;
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    const auto request = proto::read_create_pool(peer.hear("org.jobpool.Pool.Create").call.parameters);
    if (request) sent = *request;
    peer.say("{}");
  });
  const Finished finished =
      jobpool_at(server.path(), {"pool", "create", "images", "-j", "4", "--threads", "3", "--min", "1", "--idle-time", "30s", "--init",
                                 "@load", "--max-tasks-per-worker", "100", "--memory", "512M", "small", "7"});
  server.finish();
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.empty());
  REQUIRE(sent);
  CHECK(sent->name == "images");
  CHECK(sent->workers == 4);
  CHECK(sent->threads == 3);
  CHECK(sent->min == 1);
  CHECK(sent->idle_time == 30s);
  CHECK(sent->initializer == "load");
  CHECK(sent->arguments == "[\"small\",7]");
  CHECK(sent->max_tasks == 100);
  CHECK(sent->memory_bytes == 512 << 20);
}

TEST_CASE("pool show tells the settings, the trouble and the workers, pool list has a line for each") {
  const Finished shown = answered("org.jobpool.Pool.Show", proto::write_pool(images()), {"pool", "show", "images"});
  CHECK(shown.exit_code == 0);
  for (const char* text : {"pool images  running", "1 of 4", "2 in each worker", "1, the others leave after 30.0s", "100 for each worker",
                           "512M for each worker", "@load(\"small\")", "ValueError: no such model (3 in a row; it is tried again)",
                           "7 ready", "       3  4711  running   21      5"}) {
    INFO(text << "\n" << shown.out);
    CHECK(shown.out.find(text) != std::string::npos);
  }
  const Finished listed = answered("org.jobpool.Pool.List", proto::write_pools({images(), images()}), {"pool", "list"});
  CHECK(listed.exit_code == 0);
  CHECK(std::count(listed.out.begin(), listed.out.end(), '\n') == 3);
  const Finished json = answered("org.jobpool.Pool.List", proto::write_pools({images(), images()}), {"pool", "list", "--json"});
  CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 2);
}

TEST_CASE("join exits with 124 when it has waited long enough") {
  const Finished late = answered("org.jobpool.Pool.Join", R"({"joined":false})", {"join", "images", "--timeout", "1s"});
  CHECK(late.exit_code == 124);
  CHECK(late.err.find("images") != std::string::npos);
  CHECK(answered("org.jobpool.Pool.Join", R"({"joined":true})", {"join", "images"}).exit_code == 0);
  CHECK(answered("org.jobpool.Pool.Join", R"({"joined":false})", {"join", "--json"}).exit_code == 124);
}

TEST_CASE("errors of pools name the pool and the remedy") {
  const Finished exists =
      refused("org.jobpool.Pool.Create", "org.jobpool.Pool.PoolExists", R"({"pool":"images"})", {"pool", "create", "images", "-j", "1"});
  CHECK(exists.exit_code == 125);
  CHECK(exists.err.find("'images'") != std::string::npos);
  CHECK(exists.err.find("pool resize") != std::string::npos);
  const Finished running = refused("org.jobpool.Pool.Join", "org.jobpool.Pool.PoolStillRunning",
                                   R"({"pool":"images","reason":"close it first"})", {"join", "images"});
  CHECK(running.exit_code == 125);
  CHECK(running.err == "jobpool: pool 'images': close it first\n");
  const Finished missing = refused("org.jobpool.Pool.Close", "org.jobpool.Pool.NoSuchPool", R"({"pool":"images"})", {"close", "images"});
  CHECK(missing.err.find("pool create") != std::string::npos);
}

TEST_CASE("usage errors of pools are exit 2, with no daemon asked") {
  const std::vector<std::vector<std::string>> wrong{{"pool"},
                                                    {"pool", "paint"},
                                                    {"pool", "create"},
                                                    {"pool", "create", "a", "-j", "x"},
                                                    {"pool", "create", "a", "-j", "4097"},
                                                    {"pool", "create", ""},
                                                    {"pool", "create", "two words"},
                                                    {"pool", "create", "-a"},
                                                    {"pool", "create", "a", "-j", "1", "--min", "2"},
                                                    {"pool", "create", "a", "7"},
                                                    {"pool", "create", "a", "--init", "load"},
                                                    {"pool", "create", "a", "--memory", "1K"},
                                                    {"pool", "create", "a", "--idle-time", "5s"},
                                                    {"pool", "list", "a"},
                                                    {"pool", "show", "a", "b"},
                                                    {"pool", "resize", "a"},
                                                    {"pool", "resize", "a", "-1"},
                                                    {"pool", "resize", "a", "many"},
                                                    {"pool", "pause", "a", "b"},
                                                    {"pool", "delete"},
                                                    {"pool", "delete", "a", "b"},
                                                    {"pool", "delete", ""},
                                                    {"close", "a", "b"},
                                                    {"terminate", "a", "b"},
                                                    {"join", "a", "b"}};
  for (const auto& words : wrong) {
    INFO(words.front() << " " << words.back());
    const Finished finished = jobpool_at("/tmp/no/such/jobpool", words);
    CHECK(finished.exit_code == 2);
    CHECK(finished.err.find("--help") != std::string::npos);
  }
}

TEST_CASE("each verb of pools explains itself with an example") {
  for (const char* verb : {"create", "list", "show", "resize", "pause", "resume", "open", "delete", "close", "terminate", "join"}) {
    const Finished help = jobpool_at("/tmp/no/such/jobpool", {"pool", verb, "--help"});
    INFO(verb);
    CHECK(help.exit_code == 0);
    CHECK(help.out.find("jobpool ") != std::string::npos);
  }
  const Finished all = jobpool_at("/tmp/no/such/jobpool", {"pool", "--help"});
  CHECK(all.exit_code == 0);
  CHECK(all.out.find("resize") != std::string::npos);
}
