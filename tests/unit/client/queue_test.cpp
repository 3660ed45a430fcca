// Queue: what is sent, what comes back typed, which exception tells what, and that a call that was lost is said again under its key.
#include "jobpool/queue.hpp"

#include <cstdlib>

#include "client/lib/recovering_call.hpp"
#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "proto/queue_messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

std::function<void(FakeServer&)> refusing(std::string error, std::string parameters) {
  return [error, parameters](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear();
    peer.fail("org.jobpool.Queue." + error, parameters);
  };
}

void require_that(bool holds) {
  if (!holds) throw std::runtime_error("another call was expected");
}

}  // namespace

TEST_CASE("put sends an item as JSON text under a key, and get gives it back as the type asked for") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const auto put = proto::read_queue_put(peer.hear("org.jobpool.Queue.Put").call.parameters);
    require_that(put && put->name == "mail" && put->items == std::vector<std::string>{"\"a \\\"b\\\"\""} && put->how.wait &&
                 put->how.key.size() == 32 && !put->how.timeout && put->how.job == JobId{12});
    peer.say("{}");
    const auto nowait = proto::read_queue_put(peer.hear("org.jobpool.Queue.Put").call.parameters);
    require_that(nowait && !nowait->how.wait && nowait->items == std::vector<std::string>{"[1,2]"} && nowait->how.key != put->how.key);
    peer.say("{}");
    const auto get = proto::read_queue_get(peer.hear("org.jobpool.Queue.Get").call.parameters);
    require_that(get && get->count == 1 && get->how.timeout == Microseconds(1'500'000));
    peer.say(R"({"items":["\"a\""]})");
    require_that(!proto::read_queue_get(peer.hear("org.jobpool.Queue.Get").call.parameters)->how.wait);
    peer.say(R"({"items":["7"]})");
    require_that(proto::read_queue_get(peer.hear("org.jobpool.Queue.Get").call.parameters)->count == 5);
    peer.say(R"({"items":["1","2"]})");
  });
  ::setenv("JOBPOOL_JOB_ID", "12", 1);
  const Client client(server.path());
  const Queue queue = client.queue("mail");
  CHECK(queue.name() == "mail");
  queue.put("a \"b\"");
  ::unsetenv("JOBPOOL_JOB_ID");
  queue.put_nowait(std::vector<int>{1, 2});
  CHECK(queue.get<std::string>(1500ms) == "a");
  CHECK(queue.get_nowait<int>() == 7);
  CHECK(queue.get_some<int>(5) == std::vector<int>{1, 2});
  server.finish();
}

TEST_CASE("full, empty, qsize, task_done, join and the rest say what the daemon says") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const auto answer = [&](const char* method, const char* reply) {
      peer.hear(std::string("org.jobpool.Queue.") + method);
      peer.say(reply);
    };
    answer("Create", "{}");
    answer("Full", R"({"full":true})");
    answer("Empty", R"({"empty":false})");
    answer("Size", R"({"size":3})");
    answer("Done", R"({"unfinished":2})");
    answer("Join", "{}");
    peer.hear("org.jobpool.Queue.Join");
    peer.fail("org.jobpool.Queue.TimedOut", R"({"queue":"mail","unfinished":2})");
    proto::Queue known;
    known.name = "mail";
    known.maxsize = 9;
    peer.hear("org.jobpool.Queue.Show");
    peer.say(proto::write_queue(known));
    peer.hear("org.jobpool.Queue.List");
    peer.say(proto::write_queues({known}));
    answer("Delete", R"({"items":3})");
  });
  const Client client(server.path());
  const Queue queue = client.create_queue("mail", {.maxsize = 9});
  CHECK(queue.full());
  CHECK_FALSE(queue.empty());
  CHECK(queue.qsize() == 3);
  CHECK(queue.task_done() == 2);
  CHECK(queue.join());
  CHECK_FALSE(queue.join(1ms));
  CHECK(queue.show().maxsize == 9);
  CHECK(client.queues().at(0).name == "mail");
  CHECK(queue.remove() == 3);
  server.finish();
}

TEST_CASE("each refusal of a queue is the exception of its name") {
  const auto refused = [](const std::string& error, const auto& call) {
    FakeServer server(refusing(error, R"({"queue":"mail","put":0,"unfinished":1,"limit":1,"maxsize":1,"durable":true})"));
    const Client client(server.path());
    call(client);
    server.finish();
  };
  refused("QueueFull", [](const Client& client) { CHECK_THROWS_AS(client.queue("mail").put_nowait(1), QueueFull); });
  refused("StoreFull", [](const Client& client) { CHECK_THROWS_AS(client.queue("mail").put(1), StoreFull); });
  refused("QueueEmpty", [](const Client& client) { CHECK_THROWS_AS(client.queue("mail").get_nowait(), QueueEmpty); });
  refused("NoSuchQueue", [](const Client& client) { CHECK_THROWS_AS(client.queue("mail").get(), NoSuchQueue); });
  refused("QueueExists", [](const Client& client) { CHECK_THROWS_AS(client.create_queue("mail"), QueueExists); });
  refused("DoneTooOften", [](const Client& client) { CHECK_THROWS_AS(client.queue("mail").task_done(), DoneTooOften); });
  refused("TooManyWaiters", [](const Client& client) { CHECK_THROWS_AS(client.queue("mail").get(), ClientError); });
}

// put, get, task_done and remove said ConnectionLost, of which the header says that the call had no effect, when they may have had it.
TEST_CASE("a queue's call that may have had its effect when the daemon was lost for good is Interrupted") {
  const auto lost = [](int brokers, const auto& call) {
    FakeServer server([brokers](FakeServer& self) {
      for (int life = 0; life < brokers; ++life) self.accept().hear();
    });
    const Client client(server.path());
    CHECK_THROWS_AS(call(client.queue("mail")), Interrupted);
    server.finish();
  };
  constexpr int kAll = client::kMaxLosses + 1;
  lost(kAll, [](const Queue& queue) { queue.put(1); });
  lost(kAll, [](const Queue& queue) { queue.get(); });
  lost(kAll, [](const Queue& queue) { queue.task_done(); });
  lost(1, [](const Queue& queue) { queue.remove(); });
}

TEST_CASE("a get whose broker died is said again under the same key") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    const std::string key = proto::read_queue_get(first.hear().call.parameters)->how.key;
    first.close();
    FakePeer second = self.accept();
    require_that(proto::read_queue_get(second.hear("org.jobpool.Queue.Get").call.parameters)->how.key == key);
    second.say(R"({"items":["1"]})");
  });
  const Client client(server.path());
  CHECK(client.queue("mail").get<int>() == 1);
  server.finish();
}
