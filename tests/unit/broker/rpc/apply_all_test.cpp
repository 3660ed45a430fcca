// ApplyAll: chunks as jobs, their ends gathered by turns, and what becomes of them when caller or broker is gone.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// Of @square, with key "k" and the numbers 0 to `count` - 1, but for those below `from`.
std::string chunks(int count, const std::string& more = "", int from = 0) {
  std::string all;
  for (int i = from; i < count; ++i)
    all += (all.empty() ? "" : ",") + (R"({"number":)" + std::to_string(i) + R"(,"items":"[[)" + std::to_string(i) + R"(]]"})");
  return R"({"job":{"function":"square","key":"k")" + more + R"(},"chunks":[)" + all + "]}";
}

FakeCallPtr apply_all(House& house, const std::string& parameters) { return house.broker->call("Pool.ApplyAll", parameters, true); }

// Of all that was answered so far, ascending.
std::vector<nlohmann::json> endings(const FakeCallPtr& call) {
  std::vector<nlohmann::json> all;
  const auto add = [&](const std::string& text) {
    const nlohmann::json reply = parsed(text);
    for (const auto& one : reply["endings"]) all.push_back(one);
  };
  for (const std::string& text : call->continued) add(text);
  if (call->answers > 0) add(call->parameters);
  std::ranges::sort(all, {}, [](const auto& one) { return one["number"].template get<int>(); });
  return all;
}

const Job& job_of_chunk(House& house, std::uint64_t id) {
  const Job* job = house.broker->engine.core().find(JobId{id});
  REQUIRE(job != nullptr);
  return *job;
}

}  // namespace

TEST_CASE("chunks that end in one turn are told in one reply, and the last reply has nothing behind it") {
  House house;
  const auto call = apply_all(house, chunks(3, R"(,"priority":3)"));
  CHECK(job_of_chunk(house, 2).description == "map @square([1])");
  CHECK(job_of_chunk(house, 2).key == std::string_view{"k-1"});
  CHECK(job_of_chunk(house, 2).priority == 3);
  CHECK_FALSE(job_of_chunk(house, 2).flags.durable);
  house.turn();
  CHECK(call->continued.empty());
  for (int i = 0; i < 2; ++i) house.worker().run(*house.worker().claim());
  house.turn();
  REQUIRE(call->continued.size() == 1);
  CHECK(parsed(call->continued.front())["endings"].size() == 2);
  CHECK(call->answers == 0);
  house.worker().run(*house.worker().claim());
  house.turn();
  REQUIRE(call->answers == 1);
  const auto all = endings(call);
  REQUIRE(all.size() == 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(all[static_cast<std::size_t>(i)]["number"] == i);
    CHECK(all[static_cast<std::size_t>(i)]["ending"]["id"] == i + 1);
    CHECK(all[static_cast<std::size_t>(i)]["ending"]["result"] == "49");
  }
  CHECK(is_let_go(call));
}

TEST_CASE("a caller of chunks that hangs up takes along those that have not ended, unless it asked to detach") {
  const bool detach = GENERATE(false, true);
  House house(1, {.max_queued_jobs = 2});
  const auto call = apply_all(house, chunks(3, detach ? R"(,"detach":true)" : ""));  // the third waits for room
  house.turn();
  house.worker().run(*house.worker().claim());
  house.turn();
  CHECK(call->continued.size() == 1);
  call->hang_up();
  CHECK(is_let_go(call));
  CHECK(job_of_chunk(house, 1).outcome == Outcome::succeeded);
  house.turn();
  house.run_all();
  CHECK(house.claims() == (detach ? 3U : 1U));
  CHECK(job_of_chunk(house, 3).outcome == (detach ? Outcome::succeeded : Outcome::cancelled));
}

TEST_CASE("a caller of durable chunks that hangs up before they are on disk takes them along, unless somebody counts on them") {
  // The bug: they had no id yet and were passed over, so that all of them ran for nobody.
  const bool detach = GENERATE(false, true);
  House house(1, {.max_queued_jobs = 3});
  const std::string more = R"(,"durable":true,"ifFull":"fail")";
  const auto call = apply_all(house, chunks(4, more + (detach ? R"(,"detach":true)" : "")));  // the fourth is refused
  const auto other = apply_all(house, chunks(1, more));
  call->hang_up();
  house.turn();
  CHECK(is_let_go(call));
  for (int i = 0; i < 3; ++i) {
    house.commit();
    house.turn();
  }
  CHECK(job_of_chunk(house, 1).state != JobState::done);  // the other caller's too
  for (const std::uint64_t id : {2U, 3U}) CHECK((job_of_chunk(house, id).outcome == Outcome::cancelled) == !detach);
}

TEST_CASE("what somebody else waits for stays when its caller of chunks hangs up") {
  House house(0);
  const auto first = apply_all(house, chunks(2)), second = apply_all(house, chunks(2, "", 1));
  first->hang_up();
  CHECK(job_of_chunk(house, 1).outcome == Outcome::cancelled);
  CHECK(job_of_chunk(house, 2).state == JobState::ready);
  second->hang_up();
  CHECK(job_of_chunk(house, 2).state == JobState::done);
}

TEST_CASE("chunks that are sent again to the next broker are the same jobs, and none of them runs twice") {
  House house;
  const auto lost = apply_all(house, chunks(4));
  house.turn();
  house.worker().run(*house.worker().claim());
  house.turn();
  REQUIRE(endings(lost).size() == 1);
  house.worker().run(*house.worker().claim());  // ends, and nobody is told
  const auto running = house.worker().claim();
  house.next_broker();
  const auto call = apply_all(house, chunks(4, "", 1));
  house.turn();
  CHECK(endings(call).size() == 1);
  house.worker().run(*running);
  house.run_all();
  const auto all = endings(call);
  REQUIRE(all.size() == 3);
  CHECK(call->answers == 1);
  for (const auto& one : all) CHECK(one["ending"]["outcome"] == "succeeded");
  CHECK(house.claims() == 4);
}

TEST_CASE("a chunk that is refused is told so in its place, and the others go on") {
  House house(1, {.max_queued_jobs = 1});
  const auto other = house.broker->apply("k-1");  // by another method: another submission
  house.run_all();
  REQUIRE(other->answers == 1);
  const auto call = apply_all(house, chunks(3, R"(,"ifFull":"fail")"));
  house.run_all();
  REQUIRE(call->answers == 1);
  const auto all = endings(call);
  REQUIRE(all.size() == 3);
  CHECK(all[0]["ending"]["outcome"] == "succeeded");
  CHECK_FALSE(all[0].contains("error"));
  CHECK(all[1]["error"] == "org.jobpool.Pool.KeyConflict");
  CHECK(parsed(all[1]["parameters"]) == nlohmann::json{{"id", 1}, {"key", "k-1"}});
  CHECK(all[2]["error"] == "org.jobpool.Pool.QueueFull");
  CHECK_FALSE(all[2].contains("ending"));
}

TEST_CASE("chunks that wait for room are refused when their pool closes, and get room in their order when it does not") {
  const bool closes = GENERATE(false, true);
  House house(1, {.max_queued_jobs = 1});
  const auto call = apply_all(house, chunks(3));
  CHECK(house.broker->engine.core().counts().ready == 1);
  if (closes) house.broker->call("Pool.Close", "{}");
  house.run_all();
  REQUIRE(call->answers == 1);
  const auto all = endings(call);
  REQUIRE(all.size() == 3);
  CHECK(all[0].contains("ending"));
  for (const std::size_t i : {1U, 2U}) {
    CHECK(all[i].contains("ending") == !closes);
    if (closes) CHECK(all[i]["error"] == "org.jobpool.Pool.PoolNotRunning");
  }
  if (!closes) CHECK(all[2]["ending"]["id"] == 3);
}

TEST_CASE("a chunk is not forgotten before its caller has its end, or is gone") {
  const bool arrives = GENERATE(false, true);
  House house(1, {.kept_async = 0, .kept_apply = 0});
  const auto call = apply_all(house, chunks(2));
  call->keep_unsent = true;
  house.turn();
  for (int i = 0; i < 2; ++i) {
    house.worker().run(*house.worker().claim());
    house.turn();
  }
  house.turn();
  REQUIRE(call->continued.size() == 1);
  REQUIRE(call->answers == 1);
  CHECK(house.broker->forgotten == 0);
  if (arrives) call->unsent_parts.front()();
  call->unsent_parts.clear();
  house.turn();
  CHECK(house.broker->forgotten == 1);
  call->unsent = nullptr;
  house.turn();
  CHECK(house.broker->forgotten == 2);
}

TEST_CASE("ends for a caller that does not read wait as jobs, and are told together when there is room") {
  House house;
  const auto call = apply_all(house, chunks(4));
  call->has_room = false;
  house.turn();
  for (int i = 0; i < 3; ++i) {
    house.worker().run(*house.worker().claim());
    house.turn();
  }
  CHECK(call->continued.empty());
  call->has_room = true;
  REQUIRE(call->at_room);
  std::exchange(call->at_room, nullptr)();
  REQUIRE(call->continued.size() == 1);
  CHECK(endings(call).size() == 3);
  house.run_all();
  CHECK(call->answers == 1);
  CHECK(endings(call).size() == 4);
}

TEST_CASE("a reply holds about a megabyte, and what is more comes in further ones") {
  House house;
  const auto call = apply_all(house, chunks(7));
  call->has_room = false;
  const std::string large = '"' + std::string(200'000, 'x') + '"';
  for (int i = 0; i < 7; ++i) {
    house.turn();
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.worker().report_in_pieces(*claim, large);
  }
  house.turn();
  call->has_room = true;
  std::exchange(call->at_room, nullptr)();
  REQUIRE(call->continued.size() == 1);
  CHECK(parsed(call->continued.front())["endings"].size() == 6);
  CHECK(call->answers == 1);
  CHECK(endings(call)[6]["ending"]["result"] == large);
}

TEST_CASE("durable chunks are told once their ends are on disk, from memory as long as that is little, then from there") {
  House house(1);
  const auto call = apply_all(house, chunks(14, R"(,"durable":true)"));
  house.turn();
  CHECK(house.claims() == 0);  // before the commit
  call->has_room = false;
  const std::string large = '"' + std::string(200'000, 'x') + '"';
  const auto rest = [&] {
    for (int i = 0; i < 3; ++i) {
      house.commit();
      house.turn();
    }
  };
  for (int i = 0; i < 14; ++i) {
    rest();
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.worker().report_in_pieces(*claim, large);
  }
  rest();
  CHECK(call->continued.empty());
  call->has_room = true;
  std::exchange(call->at_room, nullptr)();
  CHECK(endings(call).size() == 11);  // the results that were kept
  CHECK(call->answers == 0);
  SECTION("they are read") {
    for (int i = 0; i < 5; ++i) rest();
    REQUIRE(call->answers == 1);
    const auto all = endings(call);
    REQUIRE(all.size() == 14);
    for (const auto& one : all) CHECK(one["ending"]["result"] == large);
    CHECK(job_of_chunk(house, 14).flags.durable);
    CHECK(is_let_go(call));
  }
  SECTION("the broker leaves while one is read") {
    house.next_broker();  // the bug: what waited for the read told verbs that were gone
    CHECK(call->answers == 0);
  }
}

TEST_CASE("what chunks cannot be is refused with the whole call") {
  House house(0);
  CHECK(house.broker->call("Pool.ApplyAll", chunks(1))->error_name == "org.varlink.service.ExpectedMore");
  const auto refused = [&](const std::string& job) {
    return apply_all(house, R"({"job":{)" + job + R"(},"chunks":[{"number":0,"items":"[[1]]"}]})")->error_name;
  };
  CHECK(refused(R"("command":["true"])") == "org.jobpool.Pool.InvalidJob");
  CHECK(refused(R"("function":"f","arguments":"[1]")") == "org.jobpool.Pool.InvalidJob");
  CHECK(refused(R"("function":"f","items":"[[1]]")") == "org.jobpool.Pool.InvalidJob");
  CHECK(refused(R"("function":"f","pool":"nowhere")") == "org.jobpool.Pool.NoSuchPool");
  CHECK(house.broker->engine.core().next_id() == JobId{1});
}

TEST_CASE("chunks that would need more memory than may wait are refused before they are made") {
  House house(0, {.max_queued_bytes = 3000});
  CHECK(apply_all(house, chunks(3))->error_name == "org.jobpool.Pool.QueueFull");
  CHECK(apply_all(house, chunks(2))->answers == 0);
}
