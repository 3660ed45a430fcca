// Logs: a descriptor of a command's output, and those who ask too early.
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

std::string text_of(const FakeCallPtr& call) {
  REQUIRE(call->sent_fds.size() == 1);
  std::string text(100, '\0');
  const ssize_t got = ::read(call->sent_fds.front().get(), text.data(), text.size());
  REQUIRE(got >= 0);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

}  // namespace

TEST_CASE("logs of a job that has not started wait for its start") {
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  submit(house, kSleep);
  const auto call = house.broker->call("Job.Logs", R"({"id":1})");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  CHECK(call->answers == 0);
  std::ofstream(folder.file("1.1.out")) << "out\n";
  house.worker().report_start(*claim);
  house.turn();
  REQUIRE(call->answers == 1);
  CHECK(call->error_name.empty());
  CHECK(parsed(call->parameters) == nlohmann::json{{"descriptor", 0}, {"running", true}});
  CHECK(text_of(call) == "out\n");
  CHECK(is_let_go(call));
}

TEST_CASE("logs of a job that a worker has taken wait until its output file is there") {
  // The bug: it was called running from the claim on, and its output was said to go elsewhere.
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  submit(house, kSleep);
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.broker->call("Job.Show", R"({"id":1})");
  REQUIRE(house.broker->engine.core().find(JobId{1})->state == JobState::running);
  const auto call = house.broker->call("Job.Logs", R"({"id":1})");
  CHECK(call->answers == 0);
  std::ofstream(folder.file("1.1.out")) << "out\n";
  house.worker().report_start(*claim);
  house.turn();
  CHECK(text_of(call) == "out\n");
}

TEST_CASE("logs that will not wait say that the job has not begun, or give what its last attempt wrote") {
  // The bug: there was no such question, and whoever only wanted to look waited for the start.
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  submit(house, R"({"job":{"command":["false"],"durable":false,"retries":1,"backoffUSec":3600000000}})");
  const std::string at_once = R"({"id":1,"wait":false})";
  const auto early = house.broker->call("Job.Logs", at_once);
  CHECK(early->error_name == "org.jobpool.Job.NotBegun");
  CHECK(parsed(early->parameters) == nlohmann::json{{"id", 1}, {"state", "ready"}});
  CHECK(is_let_go(early));

  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  std::ofstream(folder.file("1.1.out")) << "first\n";
  house.worker().report_start(*claim);
  house.turn();
  CHECK(text_of(house.broker->call("Job.Logs", at_once)) == "first\n");
  report_end_as(house, *claim, Ending::threw);
  house.turn();
  REQUIRE(house.broker->engine.core().find(JobId{1})->state == JobState::waiting);
  const auto between = house.broker->call("Job.Logs", at_once);
  CHECK(between->error_name.empty());
  CHECK(parsed(between->parameters)["running"] == true);
  CHECK(text_of(between) == "first\n");
  CHECK(house.broker->call("Job.Logs", R"({"id":1,"wait":false,"stderr":true})")->error_name == "org.jobpool.Job.NotBegun");
}

TEST_CASE("logs that will not wait give no file that is in the making, and nothing twice") {
  // The bug: of an attempt that a worker had just taken the file was given that the worker threw away when it saw that somebody had it
  // open; logs -f held it, and showed nothing of that attempt before its end. Of one that had written nothing the one before it was given
  // again.
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  submit(house, R"({"job":{"command":["false"],"durable":false,"retries":2,"backoffUSec":0}})");
  const std::string at_once = R"({"id":1,"wait":false})";
  std::ofstream(folder.file("1.1.out")) << "first\n";
  house.turn();
  const auto first = house.worker().claim();
  REQUIRE(first);
  CHECK(house.broker->call("Job.Logs", at_once)->error_name == "org.jobpool.Job.NotBegun");
  house.worker().report_start(*first);
  report_end_as(house, *first, Ending::threw);
  house.turn();

  const auto second = house.worker().claim();
  REQUIRE(second);
  std::ofstream(folder.file("1.2.out")) << "half made\n";
  CHECK(text_of(house.broker->call("Job.Logs", at_once)) == "first\n");
  house.worker().report_start(*second);
  house.turn();
  CHECK(text_of(house.broker->call("Job.Logs", at_once)) == "half made\n");
  REQUIRE(std::filesystem::remove(folder.file("1.2.out")));  // as one that stayed empty
  report_end_as(house, *second, Ending::threw);
  house.turn();
  CHECK(house.broker->call("Job.Logs", at_once)->error_name == "org.jobpool.Job.NotBegun");
}

TEST_CASE("logs of a job that is cancelled before it starts are empty") {
  House house(0);
  submit(house, kSleep);
  const auto call = house.broker->call("Job.Logs", R"({"id":1})");
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  REQUIRE(call->answers == 1);
  CHECK(parsed(call->parameters)["running"] == false);
  CHECK(text_of(call).empty());
}

TEST_CASE("logs give either stream of a job that has ended, an empty one too") {
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  const auto claim = submit_running(house, kSleep);
  std::ofstream(folder.file("1.1.err")) << "err\n";
  house.worker().report_end(claim);
  house.turn();
  CHECK(text_of(house.broker->call("Job.Logs", R"({"id":1,"stderr":true})")) == "err\n");
  CHECK(text_of(house.broker->call("Job.Logs", R"({"id":1})")).empty());
}

TEST_CASE("a function has no logs, and neither has a command with its caller's own streams") {
  House house;
  submit(house, kSquare);
  const auto function = house.broker->call("Job.Logs", R"({"id":1})");
  CHECK(function->error_name == "org.jobpool.Job.NoOutput");
  CHECK(parsed(function->parameters)["reason"].get<std::string>().find("get") != std::string::npos);
  house.run_all();

  auto apply = std::make_shared<FakeCall>("org.jobpool.Pool.Apply", R"({"job":{"command":["true"],"stdout":0,"stderr":0}})", false);
  apply->fds.emplace_back(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  house.broker->verbs.handle(apply);
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.turn();
  const auto running = house.broker->call("Job.Logs", R"({"id":2})");
  CHECK(running->error_name == "org.jobpool.Job.NoOutput");
  CHECK(parsed(running->parameters)["id"] == 2);
}

TEST_CASE("logs are refused when as many descriptors are open as may be, and their file is closed") {
  // The bug: they were answered whatever their file's number was, until the broker could open nothing more.
  House house(0);
  house.end_of_passed_fds = 0;
  house.next_broker();
  submit(house, kSleep);
  const auto waiting = house.broker->call("Job.Logs", R"({"id":1})");
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  const auto ended = house.broker->call("Job.Logs", R"({"id":1})");
  for (const auto& call : {waiting, ended}) {
    REQUIRE(call->answers == 1);
    CHECK(call->error_name == "org.jobpool.Pool.QueueFull");
    CHECK(parsed(call->parameters)["pool"] == "default");
    CHECK(parsed(call->parameters)["reason"].get<std::string>().find("descriptors") != std::string::npos);
    CHECK(call->sent_fds.empty());
  }
}

TEST_CASE("logs that will not wait are refused as others are when as many descriptors are open as may be") {
  // The bug: what an earlier attempt wrote was given whatever its file's number was.
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  submit(house, R"({"job":{"command":["false"],"retries":1,"backoffUSec":3600000000}})");
  house.turn();
  house.commit();
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  std::ofstream(folder.file("1.1.out")) << "first\n";
  house.worker().report_start(*claim);
  report_end_as(house, *claim, Ending::threw);
  house.turn();
  house.commit();
  CHECK(text_of(house.broker->call("Job.Logs", R"({"id":1,"wait":false})")) == "first\n");

  house.end_of_passed_fds = 0;
  house.next_broker();
  REQUIRE(house.broker->engine.core().find(JobId{1})->state == JobState::waiting);
  const auto call = house.broker->call("Job.Logs", R"({"id":1,"wait":false})");
  CHECK(call->error_name == "org.jobpool.Pool.QueueFull");
  CHECK(call->sent_fds.empty());
}

TEST_CASE("a caller of logs that hangs up before the start leaves nothing behind") {
  House house;
  submit(house, kSleep);
  const auto call = house.broker->call("Job.Logs", R"({"id":1})");
  CHECK_FALSE(is_let_go(call));
  call->hang_up();
  CHECK(is_let_go(call));
  house.run_all();
  CHECK(call->answers == 0);
}
