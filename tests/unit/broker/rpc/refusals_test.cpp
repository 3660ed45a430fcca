// What every verb refuses: parameters that are off, and jobs that nobody knows.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

struct Bad {
  const char* method;
  const char* parameters;
  const char* field;
};

// Per verb: something missing, something of the wrong type or out of its range, and something that nobody knows.
const Bad kBad[] = {
    {"Pool.Apply", R"({})", "job"},
    {"Pool.Apply", R"({"job":{}})", "job.function"},
    {"Pool.Apply", R"({"job":{"command":[]}})", "job.command"},
    {"Pool.Apply", R"({"job":{"command":["true"],"umask":512}})", "job.umask"},
    {"Pool.Apply", R"({"job":{"command":["true"]},"colour":1})", "colour"},
    {"Pool.ApplyAsync", R"({"job":[]})", "job"},
    {"Pool.ApplyAsync", R"({"job":{"function":"f","arguments":"7"}})", "job.arguments"},
    {"Pool.ApplyAsync", R"({"job":{"function":"f","detach":1}})", "job.detach"},
    {"Pool.ApplyAsync", R"({"job":{"function":"f","colour":1}})", "job.colour"},
    {"Pool.ApplyAsync", R"({"job":{"function":"f","items":"[1]"}})", "job.items"},
    {"Pool.Map", R"({"job":{"function":"f"}})", "chunks"},
    {"Pool.Map", R"({"job":{"function":"f"},"chunks":["[1]"]})", "chunks"},
    {"Pool.Map", R"({"job":{"function":"f"},"chunks":["[[1]]"],"colour":1})", "colour"},
    {"Pool.Hello", R"({"job":1})", "job"},
    {"Pool.Status", R"({"job":1})", "job"},
    {"Pool.Shutdown", R"({"now":"yes"})", "now"},
    {"Pool.Shutdown", R"({"later":true})", "later"},
    {"Job.Get", R"({})", "id"},
    {"Job.Get", R"({"id":"1"})", "id"},
    {"Job.Get", R"({"id":0})", "id"},
    {"Job.Get", R"({"id":1,"timeoutUSec":-1})", "timeoutUSec"},
    {"Job.Get", R"({"id":1,"output":1})", "output"},
    {"Job.Wait", R"({})", "ids"},
    {"Job.Wait", R"({"ids":[]})", "ids"},
    {"Job.Wait", R"({"ids":[1,"2"]})", "ids"},
    {"Job.Wait", R"({"ids":[1],"timeoutUSec":1.5})", "timeoutUSec"},
    {"Job.Ready", R"({})", "id"},
    {"Job.Ready", R"({"id":1,"colour":1})", "colour"},
    {"Job.Successful", R"({"id":-1})", "id"},
    {"Job.Show", R"({"id":[1]})", "id"},
    {"Job.List", R"({"state":"asleep"})", "state"},
    {"Job.List", R"({"limit":-1})", "limit"},
    {"Job.List", R"({"pool":7})", "pool"},
    {"Job.Logs", R"({"stderr":true})", "id"},
    {"Job.Logs", R"({"id":1,"stderr":"yes"})", "stderr"},
    {"Job.Cancel", R"({"now":true})", "ids"},
    {"Job.Cancel", R"({"ids":1})", "ids"},
    {"Job.Cancel", R"({"ids":[1],"now":1})", "now"},
    {"Job.Kill", R"({"id":1})", "signal"},
    {"Job.Kill", R"({"id":1,"signal":65})", "signal"},
    {"Job.Kill", R"({"signal":9})", "id"},
};

}  // namespace

TEST_CASE("a parameter that is missing, unknown, of the wrong type or out of its range is named") {
  House house;
  submit_running(house, kSleep);
  for (const Bad& bad : kBad) {
    INFO(bad.method << " " << bad.parameters);
    const auto call = house.broker->call(bad.method, bad.parameters, true);
    CHECK(call->answers == 1);
    CHECK(call->error_name == "org.varlink.service.InvalidParameter");
    CHECK(parsed(call->parameters) == nlohmann::json{{"parameter", bad.field}});
    CHECK(call->continued.empty());
    CHECK(is_let_go(call));
  }
  CHECK(house.broker->engine.core().counts().running == 1);  // and nothing was done
  CHECK(house.broker->engine.core().next_id() == JobId{2});
  CHECK_FALSE(house.broker->verbs.deadlines().next());
}

TEST_CASE("a job that nobody knows is named by its id") {
  House house;
  submit_running(house, kSleep);
  const std::pair<const char*, const char*> calls[] = {
      {"Job.Get", R"({"id":7})"},         {"Job.Wait", R"({"ids":[1,7]})"},       {"Job.Ready", R"({"id":7})"},
      {"Job.Show", R"({"id":7})"},        {"Job.Successful", R"({"id":7})"},      {"Job.Logs", R"({"id":7})"},
      {"Job.Cancel", R"({"ids":[1,7]})"}, {"Job.Kill", R"({"id":7,"signal":9})"},
  };
  for (const auto& [method, parameters] : calls) {
    INFO(method);
    const auto call = house.broker->call(method, parameters);
    CHECK(call->answers == 1);
    CHECK(call->error_name == "org.jobpool.Job.NoSuchJob");
    CHECK(parsed(call->parameters) == nlohmann::json{{"id", 7}});
    CHECK(is_let_go(call));
  }
  CHECK(house.broker->engine.core().find(JobId{1})->stop == StopRequest::none);  // one unknown id, and none is cancelled
}

TEST_CASE("a method that is not there and a pool that is not there are named") {
  House house;
  const auto unknown = house.broker->call("Job.Explain", "{}");
  CHECK(unknown->error_name == "org.varlink.service.MethodNotFound");
  CHECK(parsed(unknown->parameters)["method"] == "org.jobpool.Job.Explain");
  const auto nowhere = house.broker->call("Pool.Apply", R"({"job":{"function":"f","pool":"mail"}})");
  CHECK(nowhere->error_name == "org.jobpool.Pool.NoSuchPool");
  CHECK(parsed(nowhere->parameters)["pool"] == "mail");
}

TEST_CASE("a descriptor that did not come, and one for a function, make a job invalid") {
  House house;
  const auto missing = house.broker->call("Pool.Apply", R"({"job":{"command":["cat"],"stdin":1}})");
  CHECK(missing->error_name == "org.jobpool.Pool.InvalidJob");
  CHECK(parsed(missing->parameters)["field"] == "job.stdin");
  CHECK(house.broker->engine.core().next_job(JobId{1}) == nullptr);

  auto call = std::make_shared<FakeCall>("org.jobpool.Pool.Apply", R"({"job":{"function":"f","stdout":0}})", false);
  call->fds.emplace_back(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  house.broker->verbs.handle(call);
  CHECK(call->error_name == "org.jobpool.Pool.InvalidJob");
  CHECK(parsed(call->parameters)["field"] == "job.function");
}

TEST_CASE("a command whose descriptors find no room is refused and one that names none is not") {
  House house(0);
  const std::string cat = R"({"job":{"command":["cat"],"stdin":0,"durable":false}})";
  const auto with_fd = [&](const std::string& parameters) {
    auto call = std::make_shared<FakeCall>("org.jobpool.Pool.ApplyAsync", parameters, false);
    call->fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return call;
  };
  const auto lost = std::make_shared<FakeCall>("org.jobpool.Pool.ApplyAsync", cat, false);
  lost->lost_fds = true;
  house.broker->verbs.handle(lost);
  CHECK(lost->error_name == "org.jobpool.Pool.QueueFull");
  CHECK(parsed(lost->parameters)["reason"].get<std::string>().find("descriptors") != std::string::npos);
  const auto other = std::make_shared<FakeCall>("org.jobpool.Pool.ApplyAsync", kSquare, false);
  other->lost_fds = true;
  house.broker->verbs.handle(other);
  CHECK(other->error_name.empty());
  // What came found its place, the duplicate that the job is to have does not.
  House narrow(0);
  narrow.broker.reset();
  narrow.broker = std::make_unique<FakeBroker>(narrow.ledger.get(), narrow.store, "/", CoreLimits{}, JobId{1}, 1, LedgerSize{}, 0);
  auto duplicated = with_fd(cat);
  narrow.broker->verbs.handle(duplicated);
  CHECK(duplicated->error_name == "org.jobpool.Pool.QueueFull");
  auto wide = with_fd(cat);
  house.broker->verbs.handle(wide);
  CHECK(wide->error_name.empty());
}

// They were kept until the answer: who waits at a queue with sixteen, a thousand times, left the broker none.
TEST_CASE("descriptors that no job's command could name are closed before anybody waits") {
  House house(0);
  submit(house, kSquare);
  for (const auto& [method, parameters] : {std::pair("Job.Get", R"({"id":1})"), std::pair("Job.Wait", R"({"ids":[1]})"),
                                           std::pair("Pool.Map", R"({"job":{"function":"f"},"chunks":["[[1]]"]})")}) {
    auto call = std::make_shared<FakeCall>(std::string("org.jobpool.") + method, parameters, false);
    call->fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    house.broker->verbs.handle(call);
    INFO(method);
    CHECK(call->answers == 0);
    CHECK(call->fds.empty());
    call->hang_up();
  }
}

TEST_CASE("a full pool, a stopping one and a key that is another job's are told apart") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  House house(0, limits);
  house.broker->apply("k");
  const auto full = submit(house, kSquare);
  CHECK(full->error_name == "org.jobpool.Pool.QueueFull");
  CHECK(parsed(full->parameters)["limit"] == 1);
  const auto conflict = house.broker->apply("k", R"(,"name":"other","pool":"default","graceUSec":1)");
  CHECK(conflict->answers == 0);  // names and graces are no part of what runs: the same job
  const auto other = submit(house, R"({"job":{"function":"cube","key":"k"}})");
  CHECK(other->error_name == "org.jobpool.Pool.KeyConflict");
  CHECK(parsed(other->parameters) == nlohmann::json{{"key", "k"}, {"id", 1}});
  house.broker->engine.tell(Drain{});
  const auto late = submit(house, kSquare);
  CHECK(late->error_name == "org.jobpool.Pool.PoolNotRunning");
}
