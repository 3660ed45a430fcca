// The verbs of queues: when they answer, and what becomes of an answer that does not arrive.
#include "tests/unit/broker/rpc/queue_house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("items pass through a queue, and are gone when their answer is with the socket") {
  QueueHouse queues;
  CHECK(queues.create()->parameters.empty());
  CHECK(queues.put(R"(["1","\"a\""])")->error_name.empty());
  CHECK(queues.size() == R"({"size":2})");
  const auto get = queues.get(R"(,"count":5)");
  CHECK(get->parameters == R"({"items":["1","\"a\""]})");
  CHECK(queues.size() == R"({"size":0})");
  CHECK(parsed(queues.call("Show", R"({"name":"q"})")->parameters)["queue"]["taken"] == 2);
  QueueHouse::hand_over(get);
  const auto shown = parsed(queues.call("Show", R"({"name":"q"})")->parameters)["queue"];
  CHECK(shown["taken"] == 0);
  CHECK(shown["unfinished"] == 2);
}

TEST_CASE("an answer that its connection never took puts the items back, and serves who waits") {
  QueueHouse queues;
  queues.create();
  queues.put(R"(["1","2"])");
  const auto lost = queues.get(R"(,"count":2)");
  const auto next = queues.get();
  CHECK(next->answers == 0);
  QueueHouse::lose(lost);
  CHECK(next->parameters == R"({"items":["1"]})");
  CHECK(queues.size() == R"({"size":1})");
}

// Its reply goes nowhere, which counted as handed over: the items were destroyed.
TEST_CASE("a one-way Get takes nothing") {
  QueueHouse queues;
  queues.create();
  queues.put(R"(["1"])");
  auto call = std::make_shared<FakeCall>("org.jobpool.Queue.Get", R"({"name":"q"})", false);
  call->envelope.oneway = true;
  queues.verbs->handle(call);
  CHECK(call->answers == 1);
  CHECK(queues.size() == R"({"size":1})");
}

TEST_CASE("a one-way Join waits for nothing and a one-way Put for room until its connection ends") {
  QueueHouse queues;
  queues.create(R"(,"maxsize":1)");
  const auto oneway = [&](const std::string& method, const std::string& parameters) {
    auto call = std::make_shared<FakeCall>("org.jobpool.Queue." + method, parameters, false);
    call->envelope.oneway = true;
    queues.verbs->handle(call);
    return call;
  };
  CHECK(oneway("Put", R"({"name":"q","items":["1"]})")->answers == 1);
  CHECK(oneway("Join", R"({"name":"q"})")->answers == 1);
  const auto put = oneway("Put", R"({"name":"q","items":["2"]})");
  CHECK(put->answers == 0);
  put->hang_up();
  CHECK(is_let_go(put));
  CHECK(queues.get()->parameters == R"({"items":["1"]})");
  CHECK(queues.size() == R"({"size":0})");
}

TEST_CASE("who waits at a queue keeps no descriptors open") {
  QueueHouse queues;
  queues.create();
  auto call = std::make_shared<FakeCall>("org.jobpool.Queue.Get", R"({"name":"q"})", false);
  call->fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  queues.verbs->handle(call);
  CHECK(call->answers == 0);
  CHECK(call->fds.empty());
  call->hang_up();
}

TEST_CASE("a caller that hangs up while it waits leaves nothing behind") {
  QueueHouse queues;
  queues.create(R"(,"maxsize":1)");
  const auto get = queues.get(R"(,"timeoutUSec":1000000,"job":7)");
  CHECK(queues.verbs->blocked_jobs() == std::vector<JobId>{JobId{7}});
  CHECK(queues.verbs->what_blocks(JobId{7}) == "an item in queue 'q'");
  get->hang_up();
  CHECK(queues.verbs->blocked_jobs().empty());
  CHECK(queues.is_let_go(get));
  CHECK_FALSE(queues.keeper->next_deadline());
  queues.put(R"(["1"])");
  const auto put = queues.put(R"(["2"])", R"(,"job":8)");
  CHECK(queues.verbs->what_blocks(JobId{8}) == "room in queue 'q'");
  put->hang_up();
  CHECK(queues.verbs->what_blocks(JobId{8}).empty());
  CHECK(queues.is_let_go(put));
  CHECK(queues.get()->parameters == R"({"items":["1"]})");
  CHECK(queues.size() == R"({"size":0})");
}

TEST_CASE("every refusal has its name, and says what a caller can act on") {
  QueueHouse queues;
  CHECK(queues.get()->error_name == "org.jobpool.Queue.NoSuchQueue");
  queues.create(R"(,"maxsize":1)");
  const auto exists = queues.create();
  CHECK(exists->error_name == "org.jobpool.Queue.QueueExists");
  CHECK(parsed(exists->parameters) == nlohmann::json({{"queue", "q"}, {"maxsize", 1}, {"durable", false}}));
  const auto empty = queues.get(R"(,"wait":false)");
  CHECK(empty->error_name == "org.jobpool.Queue.QueueEmpty");
  CHECK(empty->parameters == R"({"queue":"q"})");
  const auto full = queues.put(R"(["1","2"])", R"(,"wait":false)");
  CHECK(full->error_name == "org.jobpool.Queue.QueueFull");
  CHECK(full->parameters == R"({"queue":"q","put":1})");
  const auto often = queues.call("Done", R"({"name":"q","count":2})");
  CHECK(often->error_name == "org.jobpool.Queue.DoneTooOften");
  CHECK(often->parameters == R"({"queue":"q","unfinished":1})");
  const auto joiner = queues.call("Join", R"({"name":"q","timeoutUSec":1000000})");
  queues.now.steady += std::chrono::seconds(1);
  queues.keeper->run_due();
  CHECK(joiner->error_name == "org.jobpool.Queue.TimedOut");
  CHECK(joiner->parameters == R"({"queue":"q","unfinished":1})");
  const auto waiting = queues.put(R"(["2"])", R"(,"key":"k")");
  const auto conflict = queues.put(R"(["2"])", R"(,"key":"k")");
  CHECK(conflict->error_name == "org.jobpool.Queue.KeyConflict");
  CHECK(conflict->parameters == R"({"queue":"q","key":"k"})");
  CHECK(queues.call("Delete", R"({"name":"q"})")->parameters == R"({"items":1})");
  CHECK(waiting->error_name == "org.jobpool.Queue.NoSuchQueue");
  CHECK(queues.call("Nothing", "{}")->error_name == "org.varlink.service.MethodNotFound");
}

TEST_CASE("requests are read strictly, by every verb") {
  QueueHouse queues;
  for (const char* method : {"Create", "Put", "Get", "Full", "Empty", "Size", "Done", "Join", "Delete", "List", "Show"}) {
    INFO(method);
    CHECK(queues.call(method, R"({"surplus":1})")->error_name == "org.varlink.service.InvalidParameter");
  }
}

TEST_CASE("full, empty, list and show look at the queue as it is") {
  QueueHouse queues;
  queues.create(R"(,"maxsize":1)");
  CHECK(queues.call("Full", R"({"name":"q"})")->parameters == R"({"full":false})");
  CHECK(queues.call("Empty", R"({"name":"q"})")->parameters == R"({"empty":true})");
  queues.put(R"(["12345"])");
  CHECK(queues.call("Full", R"({"name":"q"})")->parameters == R"({"full":true})");
  CHECK(queues.call("Empty", R"({"name":"q"})")->parameters == R"({"empty":false})");
  queues.call("Create", R"({"name":"a"})");
  const auto listed = parsed(queues.call("List", "{}")->parameters)["queues"];
  REQUIRE(listed.size() == 2);
  CHECK(listed[0]["name"] == "a");
  CHECK(listed[1]["size"] == 1);
  CHECK(listed[1]["bytes"] == 5);
  CHECK(listed[1]["createdUSec"] == 1'700'000'000'000'000);
}

TEST_CASE("a durable queue answers after the commit, and gives nothing before it") {
  QueueHouse queues;
  const auto create = queues.create(R"(,"durable":true)");
  CHECK(create->answers == 0);
  queues.turn();
  CHECK(create->answers == 1);
  const auto put = queues.put(R"(["1"])"), get = queues.get();
  CHECK(put->answers == 0);
  queues.journal().end_turn();
  CHECK(get->answers == 0);
  queues.house.commit();
  CHECK(put->answers == 1);
  CHECK(get->answers == 0);
  CHECK(queues.keeper->wants_turn());
  queues.turn();
  CHECK(get->parameters == R"({"items":["1"]})");
}

TEST_CASE("a consumer that is gone before its item was committed as taken leaves it in the queue, whoever dies then") {
  QueueHouse queues;
  queues.create(R"(,"durable":true)");
  queues.turn();
  queues.put(R"(["1"])");
  queues.turn();
  const auto get = queues.get();
  CHECK(get->answers == 0);
  get->hang_up();
  CHECK(queues.size() == R"({"size":1})");
  queues.turn();
  queues.next_broker();
  CHECK(queues.size() == R"({"size":1})");
}

TEST_CASE("a caller that comes back to the next broker with its key has its answer, of both kinds of queues") {
  const bool durable = GENERATE(false, true);
  QueueHouse queues;
  queues.create(durable ? R"(,"durable":true)" : "");
  queues.turn();
  const auto put = queues.put(R"(["1","2"])", R"(,"key":"p")");
  queues.turn();
  CHECK(put->answers == 1);
  queues.get(R"(,"key":"g")");
  queues.turn();
  queues.next_broker();
  CHECK(queues.size() == R"({"size":1})");
  const auto put_again = queues.put(R"(["1","2"])", R"(,"key":"p")"), get_again = queues.get(R"(,"key":"g")");
  queues.turn();
  CHECK(put_again->answers == 1);
  CHECK(get_again->parameters == R"({"items":["1"]})");
  QueueHouse::hand_over(get_again);
  queues.turn();
  queues.next_broker();
  CHECK(queues.size() == R"({"size":1})");
  CHECK(queues.get()->error_name.empty());
}

TEST_CASE("a full disk refuses items of durable queues only, and says so") {
  QueueHouse queues;
  queues.create(R"(,"durable":true)");
  queues.call("Create", R"({"name":"memory"})");
  queues.turn();
  queues.put(R"(["1"])");
  queues.turn();
  queues.house.store.become_full();
  const auto refused = queues.put(R"(["2","3"])");
  queues.turn();
  CHECK(refused->error_name == "org.jobpool.Queue.StoreFull");
  CHECK(refused->parameters == R"({"queue":"q","put":0})");
  CHECK(queues.call("Put", R"({"name":"memory","items":["1"]})")->error_name.empty());
  const auto get = queues.get();
  queues.turn();
  CHECK(get->parameters == R"({"items":["1"]})");
}

TEST_CASE("a disk on which nothing can be recorded keeps nobody waiting who would not wait") {
  // The bug: that nothing had happened was told when the disk had room again.
  QueueHouse queues;
  queues.create(R"(,"durable":true)");
  queues.put(R"(["0"])");
  queues.turn();
  queues.house.store.become_stuck();
  const auto taker = queues.get();
  const auto put = queues.put(R"(["1"])");
  const auto empty = queues.get(R"(,"wait":false)");
  const auto late = queues.get(R"(,"timeoutUSec":1000000)");
  queues.turn();
  CHECK(put->error_name == "org.jobpool.Queue.StoreFull");
  CHECK(empty->error_name == "org.jobpool.Queue.QueueEmpty");
  CHECK(late->answers == 0);
  queues.now.steady += std::chrono::seconds(1);
  queues.keeper->run_due();
  CHECK(late->error_name == "org.jobpool.Queue.QueueEmpty");
  CHECK(taker->answers == 0);  // what it has is to be on the disk first
}

TEST_CASE("the end of the broker puts back what nobody has for sure") {
  QueueHouse queues;
  queues.create(R"(,"durable":true)");
  queues.turn();
  queues.put(R"(["1","2"])");
  queues.turn();
  queues.get();
  queues.keeper->take_back_all();
  queues.turn();
  queues.next_broker();
  CHECK(queues.size() == R"({"size":2})");
}

TEST_CASE("a queue that is not durable ends with its daemon, and not with a broker") {
  QueueHouse queues;
  queues.create();
  queues.put(R"(["1"])");
  queues.next_broker();
  CHECK(queues.size() == R"({"size":1})");
  queues.house.instance = 2;
  queues.next_broker();
  CHECK(queues.get()->error_name == "org.jobpool.Queue.NoSuchQueue");
}

TEST_CASE("the log of queues stays small, however much passes through them") {
  QueueHouse queues;
  queues.create();
  const std::string item(100'000, '1');
  for (int round = 0; round < 200; ++round) {
    queues.put("[\"" + item + "\"]");
    const auto get = queues.get();
    QueueHouse::hand_over(get);
    queues.turn();
  }
  queues.put(R"(["7"])");
  CHECK(std::filesystem::file_size(queues.dir.file("queues.log")) < 5'000'000);
  queues.next_broker();
  CHECK(queues.get()->parameters == R"({"items":["7"]})");
}
