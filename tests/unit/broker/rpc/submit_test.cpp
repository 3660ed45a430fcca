// What a submission says: each field to its place in the job, what a key stands for, and a caller that waits for room.
#include "common/job/spec.hpp"
#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/large_arguments.hpp"
#include "daemon/broker/rpc/submissions.hpp"
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

FakeCallPtr apply_oneway(House& house, const std::string& parameters) {
  auto call = std::make_shared<FakeCall>("org.jobpool.Pool.Apply", parameters, false);
  call->envelope.oneway = true;
  house.broker->verbs.handle(call);
  return call;
}

}  // namespace

TEST_CASE("each field of a submission is the job's") {
  House house(0);
  submit(house, kSquare);
  submit(house, kSquare);
  submit(house, R"({"job":{"command":["true"],"durable":false,"name":"n","key":"k","priority":-3,"retries":4,"backoffUSec":5000000,)"
                R"("timeoutUSec":6000000,"graceUSec":7000000,"atUSec":8,"after":[1],"afterAny":[2]}})");
  const Job& all = job(house, 3);
  CHECK(all.mode == Mode::apply_async);
  CHECK(all.kind == shm::JobKind::command);
  CHECK_FALSE(all.flags.durable);
  CHECK(all.name == "n");
  CHECK(all.key == "k");
  CHECK(all.uid == 1000);
  CHECK(all.priority == -3);
  CHECK(all.retries == 4);
  CHECK(all.backoff == 5s);
  CHECK(all.timeout == 6s);
  CHECK(all.grace == 7s);
  CHECK(all.not_before_usec == 8);
  const Dependencies* after = house.broker->engine.core().dependencies(JobId{3});
  REQUIRE(after != nullptr);
  REQUIRE(after->size() == 2);
  CHECK((*after)[1].needs == Dependency::Needs::success);
  CHECK((*after)[0].needs == Dependency::Needs::end);
}

TEST_CASE("a delay is a point of time from now on") {
  House house(0);
  const auto before = wall_usec();
  submit(house, R"({"job":{"function":"square","durable":false,"delayUSec":9000000}})");
  CHECK(job(house).not_before_usec >= before + 9'000'000);
  CHECK(job(house).not_before_usec <= wall_usec() + 9'000'000);
  CHECK(job(house).state == JobState::waiting);
}

TEST_CASE("apply-async is durable unless it says otherwise, apply is not unless it says so") {
  House house(0);
  house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square"}})");
  house.broker->call("Pool.Apply", R"({"job":{"function":"square"}})");
  house.broker->call("Pool.Apply", R"({"job":{"function":"square","durable":true}})");
  CHECK(job(house, 1).flags.durable);
  CHECK_FALSE(job(house, 2).flags.durable);
  CHECK(job(house, 3).flags.durable);
}

TEST_CASE("a key stands for what runs, when and how often: with other terms it is a conflict") {
  const std::string terms = GENERATE(R"("priority":1)", R"("retries":1)", R"("backoffUSec":1)", R"("timeoutUSec":1)", R"("delayUSec":1)",
                                     R"("atUSec":1)", R"("after":[1])", R"("afterAny":[1])", R"("arguments":"[8]")");
  House house(0);
  submit(house, kSquare);
  const std::string plain = R"({"job":{"function":"square","durable":false,"key":"k")";
  submit(house, plain + "}}");
  CHECK(parsed(submit(house, plain + R"(,"name":"another name"}})")->parameters)["id"] == 2);
  const auto other = submit(house, plain + "," + terms + "}}");
  CHECK(other->error_name == "org.jobpool.Pool.KeyConflict");
  CHECK(parsed(other->parameters)["id"] == 2);
  const std::string with_terms = R"({"job":{"function":"square","durable":false,"key":"other",)" + terms + "}}";
  submit(house, with_terms);
  CHECK(parsed(submit(house, with_terms)->parameters)["id"] == 3);
}

TEST_CASE("a caller of apply that waits for room and hangs up is let go, and its job never comes") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  House house(0, limits);
  submit(house, kSquare);
  const auto waiting = house.broker->call("Pool.Apply", kSquare);
  CHECK(waiting->answers == 0);
  waiting->hang_up();
  CHECK(is_let_go(waiting));
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  CHECK(house.broker->engine.core().find(JobId{2}) == nullptr);
  CHECK(waiting->answers == 0);
}

// It waited for its job's end, and for room, for ever: no hang-up was told.
TEST_CASE("a oneway apply is over when its job is accepted and given up with its connection while it waits for room") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  House house(0, limits);
  const auto accepted = apply_oneway(house, kSquare);
  CHECK(accepted->answers == 1);
  CHECK(is_let_go(accepted));
  const auto waiting = apply_oneway(house, kSquare);
  CHECK(waiting->answers == 0);
  waiting->hang_up();
  CHECK(is_let_go(waiting));
  CHECK(job(house).stop == StopRequest::none);
  CHECK(job(house).state == JobState::ready);
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  CHECK(house.broker->engine.core().find(JobId{2}) == nullptr);
}

TEST_CASE("a oneway apply whose connection ends before its job is on disk has its job all the same") {
  House house(0);
  const auto call = apply_oneway(house, R"({"job":{"function":"square","durable":true}})");
  house.turn();
  call->hang_up();
  house.commit();
  CHECK(job(house).stop == StopRequest::none);
  CHECK(job(house).state == JobState::ready);
  CHECK(is_let_go(call));
}

TEST_CASE("a caller of apply that waits for room has its job when there is some") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  House house(0, limits);
  submit(house, kSquare);
  CHECK(submit(house, kSquare)->error_name == "org.jobpool.Pool.QueueFull");
  const auto waiting = house.broker->call("Pool.Apply", kSquare, true);
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  REQUIRE(waiting->continued.size() == 1);
  CHECK(parsed(waiting->continued.front())["id"] == 2);
}

TEST_CASE("a caller that hangs up before the commit does not cancel the job of another with the same key") {
  // The bug: only those were counted who had been told the id already.
  House house(0);
  const std::string durable = R"({"job":{"function":"square","durable":true,"key":"k"}})";
  const auto first = house.broker->call("Pool.Apply", durable), second = house.broker->call("Pool.Apply", durable);
  house.turn();
  first->hang_up();
  house.commit();
  CHECK(job(house).stop == StopRequest::none);
  second->hang_up();
  CHECK(job(house).stop == StopRequest::cancel);
}

TEST_CASE("a command's key stands for what its caller said, not for the daemon's environment or a grace") {
  // The bug: after the daemon had been started with another PATH, the same submission was a conflict.
  House house(0);
  const std::string command = R"({"job":{"command":["true"],"durable":false,"key":"k")";
  submit(house, command + "}}");
  CHECK(parsed(submit(house, command + R"(,"graceUSec":9}})")->parameters)["id"] == 1);
  CHECK(submit(house, command + R"(,"environment":["A=1"]}})")->error_name == "org.jobpool.Pool.KeyConflict");
  CHECK(submit(house, command + R"(,"environment":[]}})")->error_name == "org.jobpool.Pool.KeyConflict");
  CHECK(submit(house, command + R"(,"nice":0}})")->error_name == "org.jobpool.Pool.KeyConflict");  // else: as the workers
  CHECK(submit(house, command + R"(,"cwd":"/tmp"}})")->error_name == "org.jobpool.Pool.KeyConflict");
  CHECK(submit(house, command + R"(,"umask":0}})")->error_name == "org.jobpool.Pool.KeyConflict");
}

TEST_CASE("fingerprints are kept in stores, and are the same in every version") {
  proto::Submission function;
  function.pool = "default";
  function.function = "square";
  function.arguments = "[7]";
  CHECK(hash_of(function) == 0xa5f530b8a05ed494U);
  proto::Submission command;
  command.pool = "images";
  command.command = {"sh", "-c", ""};
  command.cwd = "/";
  command.retries = 2;
  command.delay = 5s;
  command.after = {JobId{3}};
  CHECK(hash_of(command) == 0x3501f7787a76184cU);
  function.arguments = "[\"" + std::string(70'000, 'x') + "\"]";
  CHECK(hash_of(function) == 0xde2002e39b2adc61U);
}

TEST_CASE("the fingerprint of large arguments tells each of their bytes") {
  proto::Submission job;
  job.function = "echo";
  job.arguments = "[\"" + std::string(70'001, 'x') + "\"]";
  const std::uint64_t before = hash_of(job);
  CHECK(before == hash_of(job));
  CHECK(before != hash_of(job, FingerprintsOf::earliest));
  for (std::size_t at : {0, 1, 8, 35, 16'383, 16'384, 40'000, 69'997, 70'003, 70'004}) {
    const char byte = std::exchange(job.arguments[at], 'y');
    CHECK(hash_of(job) != before);
    job.arguments[at] = byte;
  }
  job.arguments += ' ';
  CHECK(hash_of(job) != before);
}

TEST_CASE("large arguments that were read into the payload have the fingerprint that they have elsewhere, and make the same payload") {
  proto::Submission job;
  job.function = "echo";
  job.pool = "images";
  const auto check = [&](const std::string& argument) {
    job.arguments = "[\"" + argument + "\"]";
    const std::string text = proto::write_submit(job);
    LargeArguments large;
    auto read = proto::read_submit_to(checked(text), large);
    REQUIRE(read);
    REQUIRE(!read->large_arguments.empty());
    CHECK(large.fingerprint_of(*read) == hash_of(job));
    const SharedText payload = std::move(large).payload(*read);
    CHECK(payload == encode_function("echo", "images", job.arguments));
    CHECK(read->large_arguments == job.arguments);
    CHECK(read->large_arguments.data() > payload.data());
    CHECK(hash_of(*read) == hash_of(job));
  };
  for (const std::size_t size : {65'531, 65'532, 65'533, 70'000, 70'001, 200'031}) check(std::string(size, 'x'));
  std::string quotes;
  while (quotes.size() < 50'000) quotes += "\\\"";  // half as large as it is written, and no large one
  check(quotes);
  for (int doubled = 0; doubled < 3; ++doubled) quotes += quotes + "x";
  check(quotes);
}

TEST_CASE("a key stands for large arguments, also for those that an earlier version took the fingerprint of") {
  House house(0);
  const std::string large = std::string(70'000, 'x');
  const auto text = [](const std::string& key, const std::string& what) {
    return R"({"job":{"function":"echo","durable":false,"key":")" + key + R"(","arguments":"[\")" + what + R"(\"]"}})";
  };
  CHECK(parsed(submit(house, text("k", large))->parameters)["id"] == 1);
  CHECK(parsed(submit(house, text("k", large))->parameters)["id"] == 1);
  CHECK(submit(house, text("k", large + "y"))->error_name == "org.jobpool.Pool.KeyConflict");

  proto::Submission same;
  same.function = "echo";
  same.arguments = "[\"" + large + "\"]";
  Submit earlier;
  earlier.mode = Mode::apply_async;
  earlier.uid = 1000;
  earlier.key = "earlier";
  earlier.spec_hash = hash_of(same, FingerprintsOf::earliest);
  house.broker->engine.tell(std::move(earlier));
  CHECK(parsed(submit(house, text("earlier", large))->parameters)["id"] == 2);
  CHECK(submit(house, text("earlier", large + "y"))->error_name == "org.jobpool.Pool.KeyConflict");
}
