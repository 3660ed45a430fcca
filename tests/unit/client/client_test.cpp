// The public API: what is sent, what comes back, and which exception tells what.
#include "jobpool/client.hpp"

#include <nlohmann/json.hpp>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

// A daemon that is greeted, hears one call of `method`, and answers it.
std::function<void(FakeServer&)> one_apply(std::string answer) {
  return [answer](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApply);
    peer.say(answer);
  };
}

std::string ending(Outcome outcome, const std::function<void(proto::Ending&)>& fill = {}) {
  proto::Ending ending;
  ending.id = JobId{7};
  ending.outcome = outcome;
  if (fill) fill(ending);
  return proto::write_ending(ending);
}

}  // namespace

TEST_CASE("apply sends JSON arguments with a key and gives the result as the type asked for") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    const auto job = proto::read_submit(peer.hear(kApply).call.parameters);
    if (!job || job->function != "power" || job->arguments != "[2,\"ten\",[1.5,true]]" || job->pool != "mail" || job->key.size() != 32)
      throw std::runtime_error("another submission was expected");
    peer.say(function_ending(7, "1024"));
  });
  const Client client(server.path());
  const auto result = client.pool("mail").apply<int>("power", 2, "ten", Json{"[1.5,true]"});
  CHECK(result == 1024);
  server.finish();
}

TEST_CASE("a function's error is JobFailed with its type and message") {
  FakeServer server(one_apply(ending(Outcome::failed, [](proto::Ending& end) {
    end.error_type = "ValueError";
    end.reason = "not a number";
  })));
  const Client client(server.path());
  try {
    client.pool().apply("square", "x");
    FAIL("it returned");
  } catch (const JobFailed& failed) {
    CHECK(failed.type() == "ValueError");
    CHECK(failed.message() == "not a number");
    CHECK(failed.id() == 7);
    CHECK(std::string{failed.what()} == "ValueError: not a number");
  }
  server.finish();
}

TEST_CASE("a command's exit code is a result, and so is the signal it died of") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    const auto job = proto::read_submit(peer.hear(kApply).call.parameters);
    if (!job || job->command != std::vector<std::string>{"make", "-j4"} || job->cwd.empty() || !job->environment)
      throw std::runtime_error("another submission was expected");
    peer.say(ending(Outcome::failed, [](proto::Ending& end) {
      end.exit_code = 2;
      end.standard_output.bytes = std::string{"a\0\xff", 3};
    }));
    peer.hear(kApply);
    peer.say(ending(Outcome::crashed, [](proto::Ending& end) { end.signal = 11; }));
  });
  const Client client(server.path());
  const CommandResult failed = client.pool().apply(Command{.argv = {"make", "-j4"}});
  CHECK(failed.exit_code == 2);
  CHECK_FALSE(failed.succeeded());
  CHECK(failed.standard_output == std::string{"a\0\xff", 3});
  CHECK(client.pool().apply(Command{.argv = {"crash"}}).signal == 11);
  server.finish();
}

TEST_CASE("cancelled and interrupted jobs have no result") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    for (const Outcome outcome : {Outcome::cancelled, Outcome::interrupted}) {
      peer.hear(kApply);
      peer.say(ending(outcome, [](proto::Ending& end) { end.reason = "so it was"; }));
    }
  });
  const Client client(server.path());
  CHECK_THROWS_AS(client.pool().apply(Command{.argv = {"x"}}), JobCancelled);
  CHECK_THROWS_AS(client.pool().apply(Command{.argv = {"x"}}), Interrupted);
  server.finish();
}

TEST_CASE("apply_async gives a handle, get, wait, ready and successful ask of it") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear("org.jobpool.Pool.ApplyAsync");
    peer.say(proto::write_accepted(JobId{9}));
    peer.hear("org.jobpool.Job.Ready");
    peer.say("{\"ready\":false}");
    peer.hear("org.jobpool.Job.Successful");
    peer.fail("org.jobpool.Job.NotReady", "{\"id\":9}");
    const auto wait = proto::read_wait(peer.hear("org.jobpool.Job.Wait").call.parameters);
    if (!wait || wait->timeout != Microseconds{5000}) throw std::runtime_error("the time-out was not sent along");
    peer.fail("org.jobpool.Job.TimedOut", "{\"id\":9}");
    peer.hear("org.jobpool.Job.Get");
    peer.fail("org.jobpool.Job.TimedOut", "{\"id\":9}");
    peer.hear("org.jobpool.Job.Get");
    peer.say(function_ending(9, "[1,2,3]"));
  });
  const Client client(server.path());
  const AsyncResult job = client.pool().apply_async("range", 3);
  CHECK(job.id() == 9);
  CHECK_FALSE(job.ready());
  CHECK_THROWS_AS(job.successful(), NotReady);
  CHECK_FALSE(job.wait(5ms));
  CHECK_THROWS_AS(job.get(5ms), TimeoutError);
  CHECK(job.get<std::vector<int>>() == std::vector<int>{1, 2, 3});
  server.finish();
}

TEST_CASE("the daemon's errors are exceptions of their own") {
  const std::vector<std::pair<std::string, std::string>> errors{
      {"org.jobpool.Pool.QueueFull", R"({"pool":"default","limit":3,"reason":"enough"})"},
      {"org.jobpool.Pool.NoSuchPool", R"({"pool":"nowhere"})"},
      {"org.jobpool.Pool.PoolNotRunning", R"({"pool":"default","reason":"it is closed"})"},
      {"org.jobpool.Pool.InvalidJob", R"({"field":"job.umask","reason":"too large"})"},
      {"org.jobpool.Pool.StoreFull", R"({"reason":"the disk is full"})"},
      {"org.jobpool.Pool.NoSuchDependency", R"({"id":5})"},
      {"org.jobpool.Pool.KeyConflict", R"({"key":"k","id":41})"},
      {"org.jobpool.Pool.KeyConflict", R"({"key":"k"})"},
      {"org.example.Unheard", "{}"},
  };
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    for (const auto& [name, parameters] : errors) {
      peer.hear(kApply);
      peer.fail(name, parameters);
    }
  });
  const Pool pool = Client(server.path()).pool();
  CHECK_THROWS_AS(pool.apply("f"), QueueFull);
  CHECK_THROWS_AS(pool.apply("f"), NoSuchPool);
  CHECK_THROWS_AS(pool.apply("f"), PoolNotRunning);
  CHECK_THROWS_AS(pool.apply("f"), InvalidCall);
  CHECK_THROWS_AS(pool.apply("f"), StoreFull);
  CHECK_THROWS_AS(pool.apply("f"), NoSuchDependency);
  for (const std::uint64_t id : {41u, 0u}) {
    try {
      pool.apply("f");
      FAIL("it returned");
    } catch (const KeyConflict& conflict) {
      CHECK(conflict.id() == id);
    }
  }
  CHECK_THROWS_AS(pool.apply("f"), ClientError);
  server.finish();
}

TEST_CASE("a pool's handle carries the terms of what is submitted through it") {
  const SubmitOptions options{.durable = true,
                              .priority = 5,
                              .at = std::chrono::system_clock::time_point{std::chrono::seconds{1'800'000'000}},
                              .after = {3, 4},
                              .after_any = {5},
                              .retries = 3,
                              .backoff = 250ms,
                              .timeout = 1min,
                              .if_full = IfFull::block,
                              .key = "k"};
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    const auto function = proto::read_submit(peer.hear("org.jobpool.Pool.ApplyAsync").call.parameters);
    if (!function || function->function != "f" || function->durable != true || function->priority != 5 ||
        function->at_usec != 1'800'000'000'000'000 || function->after != std::vector{JobId{3}, JobId{4}} ||
        function->after_any != std::vector{JobId{5}} || function->retries != 3 || function->backoff != 250ms || function->timeout != 1min ||
        function->if_full != proto::IfFull::block || function->key != "k")
      throw std::runtime_error("other terms were expected");
    peer.say(proto::write_accepted(JobId{9}));
    const auto command = proto::read_submit(peer.hear(kApply).call.parameters);
    if (!command || command->delay != 10ms || command->durable || command->key.size() != 32)
      throw std::runtime_error("a delay was expected");
    peer.say(ending(Outcome::succeeded, [](proto::Ending& end) { end.exit_code = 0; }));
    const auto plain = proto::read_submit(peer.hear(kApply).call.parameters);
    if (!plain || plain->priority != 0 || plain->after.size() != 0) throw std::runtime_error("no terms were expected");
    peer.say(function_ending(10, "1"));
  });
  const Client client(server.path());
  const Pool pool = client.pool();
  CHECK(pool.with(options).apply_async("f").id() == 9);
  CHECK(pool.with({.delay = 10ms}).apply(Command{.argv = {"true"}}).succeeded());
  CHECK(pool.apply<int>("f") == 1);
  server.finish();
}

TEST_CASE("a pool is made, told, joined and shown through its handle") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const auto made = proto::read_create_pool(peer.hear("org.jobpool.Pool.Create").call.parameters);
    if (!made || made->name != "images" || made->workers != 4 || made->threads != 3 || made->min != 1 || made->idle_time != 30s ||
        made->max_tasks != 100 || made->memory_bytes != 1 << 28 || made->initializer != "load" || made->arguments != "[\"small\"]")
      throw std::runtime_error("other settings were expected");
    peer.say("{}");
    for (const char* method : {"Pause", "Resume", "Close"}) {
      if (*proto::read_pool_name(peer.hear(std::string("org.jobpool.Pool.") + method).call.parameters) != "images")
        throw std::runtime_error("another pool was expected");
      peer.say("{}");
    }
    const auto resize = proto::read_resize_pool(peer.hear("org.jobpool.Pool.Resize").call.parameters);
    if (!resize || resize->workers != 8) throw std::runtime_error("another size was expected");
    peer.say("{}");
    const auto terminate = proto::read_terminate_pool(peer.hear("org.jobpool.Pool.Terminate").call.parameters);
    if (!terminate || terminate->grace != 2s) throw std::runtime_error("another grace was expected");
    peer.say("{}");
    for (const bool joined : {false, true}) {
      const auto join = proto::read_join_pool(peer.hear("org.jobpool.Pool.Join").call.parameters);
      if (!join || join->timeout.has_value() == joined) throw std::runtime_error("a time-out was expected, then none");
      peer.say(proto::write_flag("joined", joined));
    }
    proto::PoolInfo info;
    info.name = "images";
    info.state = "joined";
    info.size = 8;
    info.worker_list = {{3, 4711, "running", JobId{21}, 5}};
    peer.hear("org.jobpool.Pool.Show");
    peer.say(proto::write_pool(info));
    peer.hear("org.jobpool.Pool.List");
    peer.say(proto::write_pools({info, info}));
    peer.hear("org.jobpool.Pool.Delete");
    peer.fail("org.jobpool.Pool.PoolStillRunning", R"({"pool":"images","reason":"its workers have not left yet"})");
    peer.hear("org.jobpool.Pool.Create");
    peer.fail("org.jobpool.Pool.PoolExists", R"({"pool":"images"})");
    peer.hear("org.jobpool.Pool.Create");
    peer.fail("org.jobpool.Pool.InvalidPool", R"({"field":"min","reason":"too many"})");
  });
  const Client client(server.path());
  const PoolOptions options{.workers = 4,
                            .threads = 3,
                            .min = 1,
                            .idle_time = 30s,
                            .max_tasks_per_worker = 100,
                            .memory_bytes = 1 << 28,
                            .initializer = "load",
                            .arguments = json_array("small")};
  const Pool pool = client.create_pool("images", options);
  pool.pause();
  pool.resume();
  pool.close();
  pool.resize(8);
  pool.terminate(2s);
  CHECK_FALSE(pool.join(5ms));
  CHECK(pool.join());
  const PoolInfo info = pool.show();
  CHECK(info.state == "joined");
  CHECK(info.size == 8);
  REQUIRE(info.worker_list.size() == 1);
  CHECK(info.worker_list.front().job == 21u);
  CHECK(client.pools().size() == 2);
  CHECK_THROWS_AS(client.delete_pool("images"), PoolStillRunning);
  CHECK_THROWS_AS(client.create_pool("images", options), PoolExists);
  CHECK_THROWS_AS(client.create_pool("images", options), InvalidCall);
  server.finish();
}

TEST_CASE("remove tells whether there was something to forget, a job that has not ended is NotEnded") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear("org.jobpool.Pool.ApplyAsync");
    peer.say(proto::write_accepted(JobId{9}));
    peer.hear("org.jobpool.Job.Remove");
    peer.fail("org.jobpool.Job.NotEnded", "{\"id\":9}");
    for (const std::vector<JobId>& removed : {std::vector{JobId{9}}, std::vector<JobId>{}}) {
      peer.hear("org.jobpool.Job.Remove");
      peer.say(proto::write_ids("removed", removed));
    }
  });
  const Client client(server.path());
  const AsyncResult job = client.pool().apply_async("f");
  CHECK_THROWS_AS(job.remove(), NotEnded);
  CHECK(job.remove());
  CHECK_FALSE(job.remove());
  server.finish();
}

TEST_CASE("a daemon that is not there is ConnectionLost, at the first call and not before") {
  const Client client("/tmp/no/such/jobpool");
  CHECK_THROWS_AS(client.hello(), ConnectionLost);
}

// A stream of events whose broker died said ConnectionLost, where its header promises Interrupted.
TEST_CASE("a stream of events that breaks off is Interrupted and one that never began ConnectionLost") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.hear("org.jobpool.Pool.Events");
    first.say("{}", true);
    first.close();
    self.accept().hear("org.jobpool.Pool.Events");  // that of client.events() below
  });
  const Client client(server.path());
  EventStream events = client.events();
  CHECK_THROWS_AS(events.next(), Interrupted);
  CHECK_THROWS_AS(events.next(), Interrupted);  // the bug: it began again, with a gap that nobody was told of
  CHECK_THROWS_AS(client.events(), ConnectionLost);
  server.finish();
}

TEST_CASE("threads share a client, each running call has its own connection") {
  constexpr int kThreads = 8;
  FakeServer server([](FakeServer& self) {
    // Every call waits for all others to have come: only one connection each lets that end.
    std::vector<FakePeer> peers;
    for (int i = 0; i < kThreads; ++i) peers.push_back(self.accept());
    for (FakePeer& peer : peers) peer.greet("A");
    for (FakePeer& peer : peers) peer.hear(kApply);
    for (FakePeer& peer : peers) peer.say(function_ending(1, "1"));
  });
  const Client client(server.path());
  std::vector<std::thread> threads;
  std::vector<int> results(kThreads, 0);
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] { results[static_cast<std::size_t>(i)] = client.pool().apply<int>("one"); });
  for (std::thread& thread : threads) thread.join();
  server.finish();
  CHECK(results == std::vector<int>(kThreads, 1));
}
