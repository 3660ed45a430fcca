// jobpool metrics: its text, held against a strict reader of the format, and the file that it replaces.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "client/cli/metrics_text.hpp"
#include "client/cli/replace_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/open_metrics.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/client/fake_server.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

proto::Metrics some_metrics() {
  proto::Metrics metrics;
  metrics.version = "0.1.0";
  metrics.since_usec = 1'700'000'000'500'000;
  metrics.uptime_usec = 2'500'000;
  metrics.worker_restarts = 3;
  metrics.store = {4'096, 8, 7, 1'000'000};
  metrics.bounds_usec = {16, 32, 1'000'000};
  metrics.commits = {1'500'000, {1, 2, 0, 1}};
  for (const char* name : {"default", "images"}) {
    proto::PoolMetrics& pool = metrics.pools.emplace_back();
    pool.status = {name, "running", 4, 1, 2, 5, 2, 3, 9};
    pool.stats.ended = {1, 2, 3, 4, 5, 6, 7, 8};
    pool.queueing = pool.running = pool.end_to_end = {70, {0, 1, 2, 0}};
  }
  return metrics;
}

std::string contents_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("metrics are well formed, and say what was told") {
  proto::Queue queue;
  queue.name = "mail";
  queue.size = 7;
  queue.getters = 2;
  const OpenMetrics read = read_open_metrics(cli::metrics_text(some_metrics(), {queue}, {}, cli::MetricsFormat::openmetrics));
  CHECK(read.fault == "");
  const auto& samples = read.samples;
  CHECK(samples.at("jobpool_up") == 1);
  CHECK(samples.at("jobpool_uptime_seconds") == 2.5);
  CHECK(samples.at("jobpool_broker_start_time_seconds") == 1'700'000'000.5);
  CHECK(samples.at("jobpool_worker_restarts_total") == 3);
  CHECK(samples.at(R"(jobpool_store_bytes{part="database"})") == 4'096);
  CHECK(samples.at(R"(jobpool_jobs{pool="images",state="waiting"})") == 3);
  CHECK(samples.at(R"(jobpool_workers{pool="images",state="other"})") == 1);
  CHECK(samples.at(R"(jobpool_jobs_ended_total{pool="default",outcome="timed_out"})") == 4);
  CHECK(samples.at(R"(jobpool_pool_state{pool="default",state="running"})") == 1);
  CHECK(samples.at(R"(jobpool_commit_seconds_bucket{le="3.2e-05"})") == 3);
  CHECK(samples.at(R"(jobpool_commit_seconds_bucket{le="+Inf"})") == 4);
  CHECK(samples.at("jobpool_commit_seconds_sum") == 1.5);
  CHECK(samples.at(R"(jobpool_run_seconds_count{pool="images"})") == 3);
  CHECK(samples.at(R"(jobpool_queue_items{queue="mail"})") == 7);
  CHECK(samples.at(R"(jobpool_queue_waiters{queue="mail",side="get"})") == 2);
}

TEST_CASE("values of labels are escaped, and come before a sample's own labels") {
  const cli::Labels labels{{"host", "a\"b\\c\nd"}};
  const std::string text = cli::metrics_text(some_metrics(), {}, labels, cli::MetricsFormat::openmetrics);
  const OpenMetrics read = read_open_metrics(text);
  CHECK(read.fault == "");
  CHECK(read.samples.at(R"(jobpool_jobs{host="a\"b\\c\nd",pool="default",state="ready"})") == 5);
  CHECK(cli::parse_label("user=me")->second == "me");
  CHECK(cli::parse_label("user=")->second.empty());
  for (const char* bad : {"user", "=me", "7=me", "__x=me", "pool=me", "le=1", "a-b=c", "user=\xff"}) CHECK_FALSE(cli::parse_label(bad));
}

TEST_CASE("for node-exporter's collector counters have their type under their own name, and nothing is there that it does not know") {
  const std::string text = cli::metrics_text(some_metrics(), {}, {}, cli::MetricsFormat::prometheus);
  CHECK(text.find("# TYPE jobpool_jobs_ended_total counter\n") != std::string::npos);
  CHECK(text.find("# UNIT") == std::string::npos);
  CHECK(text.find("# EOF") == std::string::npos);
  CHECK(read_open_metrics(text).fault != "");
}

TEST_CASE("the strict reader refuses what is not the format") {
  for (const char* bad :
       {"# TYPE a gauge\na 1\n", "# TYPE a gauge\na 1\n# EOF", "a 1\nb 1\n# EOF\n", "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n# EOF\n",
        "# TYPE a gauge\na 1\na 1\n# EOF\n", "# TYPE a gauge\na{x=\"\\q\"} 1\n# EOF\n", "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a counter\na_total -1\n# EOF\n", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n", "# TYPE a gauge\na one\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_count 1\na_sum 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n# EOF\n"}) {
    INFO(bad);
    CHECK(read_open_metrics(bad).fault != "");
  }
  CHECK(read_open_metrics("# TYPE a gauge\n# HELP a it\na{x=\"1\\n\"} 1e3\n# EOF\n").fault == "");
}

TEST_CASE("the file is replaced as a whole, readable for others, and says of a daemon that is gone that it is not up") {
  TempDir folder;
  const std::string file = folder.file("jobpool.prom");
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Pool.Metrics");
    peer.say(proto::write_metrics(some_metrics()));
    peer.hear("org.jobpool.Queue.List");
    peer.say(R"({"queues":[]})");
  });
  CHECK(jobpool_at(server.path(), {"metrics", "--output", file, "--label", "user=me"}).exit_code == 0);
  server.finish();
  CHECK(read_open_metrics(contents_of(file)).samples.at(R"(jobpool_up{user="me"})") == 1);
  struct stat about {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  CHECK((about.st_mode & 0777) == (0666 & ~mask));

  const Finished gone = jobpool_at(folder.file("nobody"), {"metrics", "--output", file});
  CHECK(gone.exit_code == 125);
  CHECK(contents_of(file) == "# TYPE jobpool_up gauge\n# HELP jobpool_up 1: the daemon answers\njobpool_up 0\n# EOF\n");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);

  // The bug: with --json the file of before stayed, as if all were well.
  CHECK(jobpool_at(folder.file("nobody"), {"metrics", "--json", "--output", file}).exit_code == 125);
  CHECK(contents_of(file) == "{\"up\":0}\n");
}

TEST_CASE("nothing but a regular file is replaced, and of a link what it leads to") {
  // The bug: the new file took the place of whatever stood there; with root's `--output /dev/stdout` of a device of the host.
  TempDir folder;
  const std::string file = folder.file("real/x.prom"), link = folder.file("link"), pipe = folder.file("pipe"), lost = folder.file("lost");
  std::filesystem::create_directory(folder.file("real"));
  REQUIRE(cli::replace_file(file, "old"));
  std::filesystem::create_symlink("real/x.prom", link);
  REQUIRE(cli::replace_file(link, "new"));
  CHECK(std::filesystem::is_symlink(link));
  CHECK(contents_of(file) == "new");

  std::filesystem::create_symlink("nowhere", lost);
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::create_symlink(pipe, folder.file("to_pipe"));
  for (const std::string& taken : {lost, pipe, folder.file("to_pipe"), folder.file("real")}) {
    INFO(taken);
    const auto replaced = cli::replace_file(taken, "new");
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().text.starts_with(taken + " "));
    CHECK(replaced.error().text.ends_with("name a regular file, or write to stdout"));
  }
  CHECK(std::filesystem::is_fifo(pipe));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 5);

  const Finished finished = jobpool_at(folder.file("nobody"), {"metrics", "--output", "/dev/stdout"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("/dev/stdout leads to ") != std::string::npos);
  CHECK(std::filesystem::is_symlink("/dev/stdout"));
  // A regular file that somebody writes to: who shares the descriptor would go on with the old one.
  const UniqueFd open_one{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  const Finished shared = run({.argv = {JOBPOOL_PROGRAM, "--socket", folder.file("nobody"), "metrics", "--output", "/dev/stdout"},
                               .environment = {"JOBPOOL_NO_AUTOSTART=1"},
                               .stdout_fd = open_one.get()});
  CHECK(shared.exit_code == 125);
  CHECK(shared.err.find("/dev/stdout leads to an open file") != std::string::npos);
  CHECK(contents_of(file) == "new");
}

TEST_CASE("a file that is being replaced when its writer is ended leaves nothing beside it") {
  // The bug: `.NAME.XXXXXX` stayed for ever.
  TempDir folder;
  const std::string file = folder.file("x.prom");
  for (const int signal : {SIGTERM, SIGINT, SIGTERM, SIGINT}) {
    const pid_t writer = ::fork();
    REQUIRE(writer >= 0);
    if (writer == 0) {
      ::signal(signal, SIG_DFL);  // the test program has a handler
      for (;;)
        if (!cli::replace_file(file, std::string(100'000, 'x'))) ::_exit(1);
    }
    REQUIRE(wait_until([&] { return std::filesystem::exists(file); }));
    REQUIRE(::kill(writer, signal) == 0);
    int status = 0;
    REQUIRE(::waitpid(writer, &status, 0) == writer);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == signal));
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    std::filesystem::remove(file);
  }
}

TEST_CASE("metrics tell what is wrong with their options") {
  TempDir folder;
  CHECK(jobpool_at(folder.file("nobody"), {"metrics", "--label", "pool=x"}).exit_code == 2);
  CHECK(jobpool_at(folder.file("nobody"), {"metrics", "--format", "xml"}).exit_code == 2);
  CHECK(jobpool_at(folder.file("nobody"), {"metrics", "now"}).exit_code == 2);
  const Finished nowhere = jobpool_at(folder.file("nobody"), {"metrics", "--output", folder.file("no/such")});
  CHECK(nowhere.exit_code == 125);
  CHECK(nowhere.err.find("no/such") != std::string::npos);
}
