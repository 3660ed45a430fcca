// Map: a batch of chunks as one durable job; and what a chunk's result is to whoever asks for it.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

std::string batch(const std::string& more = "") {
  return R"({"job":{"function":"square","key":"k")" + more + R"(},"chunks":["[[1],[2]]","[[3]]"]})";
}

void settle(House& house) {
  for (int i = 0; i < 3; ++i) {
    house.turn();
    house.commit();
  }
}

void run_chunks(House& house) {
  settle(house);
  while (auto claim = house.worker().claim()) {
    house.worker().run(*claim);
    settle(house);
  }
}

nlohmann::json get(House& house, std::uint64_t id) {
  const auto call = house.broker->call("Job.Get", R"({"id":)" + std::to_string(id) + "}");
  house.commit();
  REQUIRE(call->answers == 1);
  return call->answer();
}

}  // namespace

TEST_CASE("a batch is answered with one id, once all of it is on disk") {
  House house(0);
  const auto call = house.broker->call("Pool.Map", batch(R"(,"name":"n","priority":3,"retries":2)"));
  house.turn();
  CHECK(call->answers == 0);
  house.commit();
  REQUIRE(call->answers == 1);
  CHECK(parsed(call->parameters)["id"] == 3);
  CHECK(job(house, 1).description == "map @square([1],[2])");
  CHECK(job(house, 1).retries == 2);
  CHECK(job(house, 1).priority == 3);
  CHECK(job(house, 1).key.empty());
  CHECK(job(house, 3).description == "map @square, 2 chunks");
  CHECK(job(house, 3).name == "n");
  CHECK(job(house, 3).retries == 0);
}

TEST_CASE("the end of a batch names its chunks, whose results are their own, also after the host's death") {
  const bool host = GENERATE(false, true);
  House house;
  house.broker->call("Pool.Map", batch());
  run_chunks(house);
  if (host) house.next_host();
  const nlohmann::json ending = get(house, 3);
  CHECK(ending["outcome"] == "succeeded");
  CHECK(ending["chunks"] == nlohmann::json::parse("[1,2]"));
  CHECK_FALSE(ending.contains("result"));
  CHECK(get(house, 1)["result"] == "49");  // what the pretended worker answers
  CHECK_FALSE(get(house, 1).contains("chunks"));
  CHECK(get(house, 1)["items"] == 2);  // which nobody could tell of one that crashed
  CHECK_FALSE(ending.contains("items"));
}

TEST_CASE("a batch of commands has a job for each command line, and all else of the submission in each") {
  House house(0);
  house.broker->call("Pool.Map",
                     R"({"job":{"command":["echo","{}"],"cwd":"/","priority":3},"chunks":["[[\"echo\",\"1\"]]","[[\"echo\",\"2\"]]"]})");
  settle(house);
  CHECK(job(house, 1).description == "echo 1");
  CHECK(job(house, 2).description == "echo 2");
  CHECK(job(house, 2).kind == shm::JobKind::command);
  CHECK(job(house, 2).priority == 3);
  CHECK(job(house, 3).description == "map echo '{}', 2 commands");
  CHECK(job(house, 3).flags.batch);
}

TEST_CASE("a chunk that is no command line is named") {
  House house(0);
  for (const char* bad : {"[[1]]", "[[]]", "[[\\\"a\\\"],[\\\"b\\\"]]"}) {
    const auto call =
        house.broker->call("Pool.Map", R"({"job":{"command":["echo"]},"chunks":["[[\"echo\"]]",")" + std::string{bad} + "\"]}");
    CHECK(call->error_name == "org.jobpool.Pool.InvalidJob");
    CHECK(parsed(call->parameters)["reason"].get<std::string>().starts_with("chunk 1 is no command line"));
  }
}

TEST_CASE("a batch goes on when the host dies before its chunks have run") {
  House house(0);
  house.broker->call("Pool.Map", batch());
  house.turn();
  house.commit();
  house.next_host();
  run_chunks(house);
  CHECK(get(house, 3)["outcome"] == "succeeded");
}

TEST_CASE("a batch that comes again by its key is the same, and another one a conflict") {
  House house(0);
  house.broker->call("Pool.Map", batch());
  settle(house);
  const auto again = house.broker->call("Pool.Map", batch());
  settle(house);
  CHECK(parsed(again->parameters)["id"] == 3);
  const auto other = house.broker->call("Pool.Map", R"({"job":{"function":"square","key":"k"},"chunks":["[[1],[2]]","[[4]]"]})");
  CHECK(other->error_name == "org.jobpool.Pool.KeyConflict");
}

TEST_CASE("a batch cannot be ephemeral, wait for room, or have streams") {
  House house(0);
  for (const auto& [more, field] : {std::pair{R"(,"durable":false)", "job.durable"}, std::pair{R"(,"ifFull":"block")", "job.ifFull"},
                                    std::pair{R"(,"stdin":0)", "job.stdin"}, std::pair{R"(,"arguments":"[1]")", "job.arguments"}}) {
    const auto call = house.broker->call("Pool.Map", batch(more));
    CHECK(call->error_name == "org.jobpool.Pool.InvalidJob");
    CHECK(parsed(call->parameters)["field"] == field);
  }
  CHECK(house.broker->call("Pool.Map", R"({"job":{"command":["a"]},"chunks":["[[1]]"]})")->error_name == "org.jobpool.Pool.InvalidJob");
  CHECK(house.broker->call("Pool.Map", R"({"job":{"function":"f","pool":"x"},"chunks":["[[1]]"]})")->error_name ==
        "org.jobpool.Pool.NoSuchPool");
}

TEST_CASE("a chunk whose item failed has failed, and its result is kept all the same, in the store and out of it") {
  const bool durable = GENERATE(false, true);
  House house;
  house.broker->call("Pool.ApplyAsync",
                     R"({"job":{"function":"f","items":"[[1],[2]]","durable":)" + std::string(durable ? "true" : "false") + "}}");
  house.turn();
  house.commit();
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  Report report;
  report.ending = Ending::threw;
  report.error_type = "E";
  report.reason = "item 2: no";
  report.result = R"({"results":[1,null],"errors":[{"index":1,"errorType":"E","reason":"no"}]})";
  house.worker().report(*claim, report);
  settle(house);
  const nlohmann::json ending = get(house, 1);
  CHECK(ending["outcome"] == "failed");
  CHECK(ending["errorType"] == "E");
  CHECK(ending["result"] == report.result);
}

TEST_CASE("remove and clean leave the chunks of a batch that has not ended alone") {
  // The bug: who cleaned up while a map was running made it fail, and its results were gone.
  House house;
  house.broker->call("Pool.Map", batch());
  settle(house);
  const auto first = house.worker().claim();
  REQUIRE(first);
  house.worker().run(*first);
  settle(house);
  REQUIRE(job(house, 1).settled);
  const auto clean = house.broker->call("Job.Clean", "{}");
  const auto remove = house.broker->call("Job.Remove", R"({"ids":[1]})");
  settle(house);
  CHECK(clean->parameters == R"({"removed":0})");
  CHECK(remove->error_name == "org.jobpool.Job.NotEnded");
  CHECK(parsed(remove->parameters)["id"] == 3);
  run_chunks(house);
  CHECK(get(house, 3)["outcome"] == "succeeded");
  const auto all = house.broker->call("Job.Clean", "{}");
  settle(house);
  CHECK(all->parameters == R"({"removed":3})");
  CHECK(house.broker->engine.core().find(JobId{1}) == nullptr);
}

TEST_CASE("a batch that would need more memory than may wait is refused before it is made") {
  // The bug: each chunk of commands has the environment, so that a message of a few megabytes took a hundred gigabytes.
  House house;
  std::string chunks;
  for (int i = 0; i < 9'000; ++i) chunks += (i == 0 ? "" : ",") + std::string(R"("[[\"true\"]]")");
  const std::string job = R"({"command":["true"],"environment":["A=)" + std::string(300'000, 'x') + R"("]})";
  const auto call = house.broker->call("Pool.Map", R"({"job":)" + job + R"(,"chunks":[)" + chunks + "]}");
  CHECK(call->error_name == "org.jobpool.Pool.QueueFull");
  CHECK(house.broker->engine.core().find(JobId{1}) == nullptr);
}

TEST_CASE("chunks that come after too many jobs together are refused before they are made with the number and the remedy") {
  // The bug: a message of 160 KB, ten thousand chunks after ten thousand jobs, took twelve gigabytes and minutes in which nobody was
  // served.
  House house(0);
  std::string chunks, after;
  for (int i = 0; i < 1'001; ++i) {
    submit(house, kSquare);
    chunks += (i == 0 ? "" : ",") + std::string(R"("[[1]]")");
    if (i < 1'000) after += (i == 0 ? "" : ",") + std::to_string(i + 1);
  }
  const JobId next = house.broker->engine.core().next_id();
  const std::string job = R"({"job":{"function":"square","afterAny":[)" + after + "]}";
  const auto map = house.broker->call("Pool.Map", job + R"(,"chunks":[)" + chunks + "]}");
  CHECK(map->error_name == "org.jobpool.Pool.InvalidJob");
  CHECK(parsed(map->parameters)["field"] == "job.after");
  CHECK(
      parsed(map->parameters)["reason"] ==
      "1001 chunks that come after 1000 jobs each are 1001000 dependencies, and one call may have 1000000; submit one job that comes after "
      "those, and the chunks after that one");
  std::string numbered;
  for (int i = 0; i < 1'001; ++i) numbered += (i == 0 ? "" : ",") + (R"({"number":)" + std::to_string(i) + R"(,"items":"[[1]]"})");
  const auto apply_all = house.broker->call("Pool.ApplyAll", job + R"(,"chunks":[)" + numbered + "]}", true);
  CHECK(apply_all->error_name == "org.jobpool.Pool.InvalidJob");
  CHECK(house.broker->engine.core().next_id() == next);
}

TEST_CASE("chunks of a batch that was cancelled end with it, also where ephemeral jobs alone had gone on by its end") {
  // The bug: the ledger had the batch's end, since they did, and not those of chunks that had never been offered; these ran at the next
  // broker. Found by simulation.
  House house(0);
  house.broker->call("Pool.Map", batch());
  settle(house);
  submit(house, R"({"job":{"function":"square","arguments":"[1]","durable":false,"after":[3]}})");
  house.turn();
  house.broker->call("Job.Cancel", R"({"ids":[3]})");
  house.turn();
  house.next_broker();  // nothing of it was committed
  for (const std::uint64_t id : {1, 2, 3}) {
    CHECK(job(house, id).state == JobState::done);
    CHECK(job(house, id).outcome == Outcome::cancelled);
  }
  settle(house);
  for (const std::uint64_t id : {1, 2, 3}) CHECK(job(house, id).settled);
}
