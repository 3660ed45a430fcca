// The verbs of pools: what they answer, when, and what they refuse with which remedy.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

constexpr const char* kImages = R"({"name":"images","workers":2})";
constexpr const char* kOfImages = R"({"pool":"images"})";
constexpr const char* kJobOfImages = R"({"job":{"durable":false,"function":"square","arguments":"[7]","pool":"images"}})";

// With a pool beside the default one, and a worker in it.
struct WithPool {
  House house{1};
  PoolNumber images;

  WithPool() {
    const auto made = house.broker->call("Pool.Create", kImages);
    house.turn();
    house.commit();
    REQUIRE(made->answers == 1);
    REQUIRE(made->error_name.empty());
    images = house.broker->engine.core().pools().find("images")->record.number;
    house.hire(images);
  }
  FakeCallPtr call(const std::string& method, const std::string& parameters = kOfImages) {
    auto made = house.broker->call(method, parameters);
    house.turn();
    house.commit();
    return made;
  }
  void lose_worker(std::size_t i) {
    house.broker->engine.worker_died(house.worker(i).incarnation, 0, 0);
    house.turn();
  }
  nlohmann::json show() { return parsed(call("Pool.Show")->parameters)["pool"]; }
};

std::string reason_of(const FakeCallPtr& call) { return parsed(call->parameters)["reason"]; }

}  // namespace

TEST_CASE("a pool is answered for when it is stored, and not before") {
  House house(0);
  const auto made = house.broker->call("Pool.Create", kImages);
  house.turn();
  CHECK(made->answers == 0);
  house.commit();
  CHECK(made->answers == 1);
  CHECK(house.store.load_pools()->size() == 1);
}

TEST_CASE("a second pool of a name, and one that cannot be, are refused") {
  WithPool at;
  CHECK(at.call("Pool.Create", kImages)->error_name == "org.jobpool.Pool.PoolExists");
  CHECK(at.call("Pool.Create", R"({"name":"default","workers":2})")->error_name == "org.jobpool.Pool.PoolExists");
  const auto too_many_stay = at.call("Pool.Create", R"({"name":"other","workers":2,"min":3})");
  CHECK(too_many_stay->error_name == "org.jobpool.Pool.InvalidPool");
  CHECK(parsed(too_many_stay->parameters)["field"] == "min");
  const auto too_many = at.call("Pool.Create", R"({"name":"other","workers":4095})");
  CHECK(too_many->error_name == "org.jobpool.Pool.InvalidPool");
  CHECK(reason_of(too_many).find("4096") != std::string::npos);
  CHECK(at.call("Pool.Create", R"({"name":"other","workers":2,"colour":1})")->error_name == "org.varlink.service.InvalidParameter");
  at.house.broker->engine.tell(StoreFull{});
  CHECK(at.call("Pool.Create", R"({"name":"other","workers":2})")->error_name == "org.jobpool.Pool.StoreFull");
}

TEST_CASE("there are as many pools as the table takes, and no more") {
  House house(0);
  for (std::size_t i = 1; i < kMaxPools; ++i) house.broker->call("Pool.Create", R"({"workers":1,"name":"p)" + std::to_string(i) + "\"}");
  house.turn();
  house.commit();
  CHECK(parsed(house.broker->call("Pool.List", "{}")->parameters)["pools"].size() == kMaxPools);
  CHECK(house.broker->call("Pool.Create", kImages)->error_name == "org.jobpool.Pool.InvalidPool");
}

TEST_CASE("show tells settings, counts and what each worker does, list tells of all pools, the default one first") {
  WithPool at;
  at.call(
      "Pool.Create",
      R"({"name":"full","workers":3,"min":1,"idleUSec":5,"maxTasksPerWorker":9,"memoryBytes":8388608,"initializer":"f","arguments":"[1]"})");
  const auto pools = parsed(at.call("Pool.List", "{}")->parameters)["pools"];
  REQUIRE(pools.size() == 3);
  CHECK(pools[0]["name"] == "default");
  CHECK(pools[2]["min"] == 1);
  CHECK(pools[2]["idleUSec"] == 5);
  CHECK(pools[2]["maxTasksPerWorker"] == 9);
  CHECK(pools[2]["memoryBytes"] == 8'388'608);
  CHECK(pools[2]["initializer"] == "f");
  CHECK(pools[2]["arguments"] == "[1]");
  CHECK_FALSE(pools[2].contains("workerList"));

  const auto job = at.call("Pool.ApplyAsync", kJobOfImages);
  const auto claim = at.house.worker(1).claim();
  REQUIRE(claim);
  at.house.worker(1).report_start(*claim);
  at.house.turn();
  auto shown = at.show();
  CHECK(shown["size"] == 2);
  CHECK(shown["running"] == 1);
  REQUIRE(shown["workerList"].size() == 1);
  CHECK(shown["workerList"][0]["state"] == "running");
  CHECK(shown["workerList"][0]["job"] == parsed(job->parameters)["id"]);
  CHECK(shown["workerList"][0]["pid"] == ::getpid());
  at.house.worker(1).report_end(*claim);
  at.house.turn();
  shown = at.show();
  CHECK(shown["workerList"][0]["state"] == "idle");
  CHECK(shown["workerList"][0]["tasks"] == 1);
  CHECK(shown["done"] == 1);
}

TEST_CASE("every verb says of a pool that is not there that it is not") {
  House house(0);
  for (const char* method : {"Show", "Resize", "Pause", "Resume", "Close", "Terminate", "Join", "Delete"}) {
    const auto call = house.broker->call(std::string("Pool.") + method, R"({"pool":"nowhere"})");
    INFO(method);
    CHECK(call->error_name == "org.jobpool.Pool.NoSuchPool");
    CHECK(parsed(call->parameters)["pool"] == "nowhere");
  }
  CHECK(house.broker->call("Pool.ApplyAsync", kJobOfImages)->error_name == "org.jobpool.Pool.NoSuchPool");
  CHECK(house.broker->call("Job.List", kOfImages, true)->error_name == "org.jobpool.Pool.NoSuchPool");
  CHECK(house.broker->call("Job.Clean", kOfImages)->error_name == "org.jobpool.Pool.NoSuchPool");
}

TEST_CASE("a job's pool is the one it was submitted to, and list and clean know it by name") {
  WithPool at;
  at.call("Pool.ApplyAsync", kJobOfImages);
  at.call("Pool.ApplyAsync", R"({"job":{"durable":false,"function":"square","arguments":"[7]"}})");
  at.house.run_all();
  const auto listed = at.house.broker->call("Job.List", kOfImages, true);
  REQUIRE(listed->continued.size() == 1);
  CHECK(parsed(listed->continued[0])["job"]["pool"] == "images");
  CHECK(parsed(at.call("Job.Clean")->parameters)["removed"] == 1);
  CHECK(parsed(at.call("Job.Clean", "{}")->parameters)["removed"] == 1);
}

TEST_CASE("a closed and a terminated pool refuse jobs, and say how to reopen them") {
  WithPool at;
  at.call("Pool.Close");
  const auto refused = at.call("Pool.ApplyAsync", kJobOfImages);
  CHECK(refused->error_name == "org.jobpool.Pool.PoolNotRunning");
  CHECK(reason_of(refused) == "it is closed; reopen it with: jobpool pool resume images");
  at.call("Pool.Terminate");
  CHECK(reason_of(at.call("Pool.ApplyAsync", kJobOfImages)) == "it was terminated; reopen it with: jobpool pool resume images");
  CHECK(at.call("Pool.Resume")->error_name.empty());
  CHECK(at.call("Pool.ApplyAsync", kJobOfImages)->error_name.empty());
}

TEST_CASE("jobs of a paused pool are shown as waiting, with the reason") {
  WithPool at;
  at.call("Pool.Pause");
  const auto id = parsed(at.call("Pool.ApplyAsync", kJobOfImages)->parameters)["id"];
  const auto job = parsed(at.call("Job.Show", R"({"id":)" + id.dump() + "}")->parameters)["job"];
  CHECK(job["state"] == "waiting");
  CHECK(job["waitingFor"] == "its pool, which is paused");
  CHECK(at.house.broker->call("Job.List", R"({"state":"waiting"})", true)->continued.size() == 1);
  CHECK(at.house.broker->call("Job.List", R"({"state":"ready"})", true)->continued.empty());
  const auto shown = at.show();
  CHECK(shown["state"] == "paused");
  CHECK(shown["ready"] == 0);
  CHECK(shown["waiting"] == 1);
  CHECK_FALSE(at.house.worker(1).claim());
  at.call("Pool.Resume");
  CHECK(at.house.worker(1).claim());
}

TEST_CASE("join is refused while the pool takes jobs, else it is answered when the workers have left") {
  WithPool at;
  const auto running = at.call("Pool.Join");
  CHECK(running->error_name == "org.jobpool.Pool.PoolStillRunning");
  CHECK(reason_of(running).find("jobpool close images") != std::string::npos);
  at.call("Pool.Close");
  const auto joining = at.call("Pool.Join"), gone = at.call("Pool.Join");
  gone->hang_up();
  CHECK(joining->answers == 0);
  CHECK(at.show()["state"] == "closed");
  at.lose_worker(1);
  REQUIRE(joining->answers == 1);
  CHECK(parsed(joining->parameters)["joined"] == true);
  CHECK(gone->answers == 0);
  CHECK(parsed(at.call("Pool.Join")->parameters)["joined"] == true);  // also afterwards
  CHECK(at.show()["state"] == "joined");
}

TEST_CASE("a join that has waited long enough is told so, and one whose pool is reopened as well") {
  WithPool at;
  at.call("Pool.Close");
  const auto impatient = at.call("Pool.Join", R"({"pool":"images","timeoutUSec":1000})"), patient = at.call("Pool.Join");
  at.house.broker->verbs.deadlines().run_due(Clock::now() + std::chrono::seconds{1});
  REQUIRE(impatient->answers == 1);
  CHECK(parsed(impatient->parameters)["joined"] == false);
  at.call("Pool.Resume");
  REQUIRE(patient->answers == 1);
  CHECK(patient->error_name == "org.jobpool.Pool.PoolStillRunning");
}

TEST_CASE("delete needs a pool that is closed and joined, and never takes the default one") {
  WithPool at;
  CHECK(reason_of(at.call("Pool.Delete")).find("jobpool close images") != std::string::npos);
  at.call("Pool.Close");
  CHECK(reason_of(at.call("Pool.Delete")).find("jobpool join images") != std::string::npos);
  at.lose_worker(1);
  CHECK(at.call("Pool.Delete")->error_name.empty());
  CHECK(at.call("Pool.Show")->error_name == "org.jobpool.Pool.NoSuchPool");
  CHECK(at.house.store.load_pools()->empty());
  CHECK(at.call("Pool.Delete", "{}")->error_name == "org.jobpool.Pool.PoolStillRunning");
}

TEST_CASE("resize needs a number for all but the default pool") {
  WithPool at;
  CHECK(at.call("Pool.Resize", R"({"pool":"images","workers":5})")->error_name.empty());
  CHECK(at.show()["size"] == 5);
  CHECK(at.call("Pool.Resize")->error_name == "org.jobpool.Pool.InvalidPool");
  at.house.broker->engine.tell(StaffPools{3});
  at.call("Pool.Resize", R"({"workers":7})");
  CHECK(parsed(at.call("Pool.Show", "{}")->parameters)["pool"]["size"] == 7);
  at.call("Pool.Resize", "{}");
  CHECK(parsed(at.call("Pool.Show", "{}")->parameters)["pool"]["size"] == 3);
}

TEST_CASE("pools, what was said to them and whose a job is outlive broker and host") {
  WithPool at;
  const auto job = at.call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","pool":"images"}})");
  at.call("Pool.Pause");
  at.house.next_broker();
  CHECK(at.show()["state"] == "paused");
  CHECK(at.show()["workerList"].size() == 1);
  at.house.next_host();
  CHECK(at.show()["state"] == "paused");
  CHECK(at.show()["waiting"] == 1);
  at.call("Pool.Resume");
  at.house.hire(at.images);
  at.house.turn();
  at.house.commit();
  at.house.turn();
  CHECK_FALSE(at.house.worker(0).claim());  // of the default pool
  CHECK(at.house.worker(1).claim());
}
