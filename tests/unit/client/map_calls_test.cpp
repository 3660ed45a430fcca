// What a map does with what the source of its items throws, and with what the daemon refuses.
#include <stdexcept>
#include <vector>

#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "proto/apply_all_messages.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

std::string one_worker() {
  proto::PoolInfo pool;
  pool.name = "default";
  pool.workers = 1;
  return proto::write_pool(pool);
}

// Answers for a pool of one worker and, if there are any items, for the one chunk that comes.
std::function<void(FakeServer&)> serving_map(int items) {
  return [items](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Pool.Show");
    peer.say(one_worker());
    if (items > 0) {
      peer.greet("A");
      const Heard heard = peer.hear("org.jobpool.Pool.ApplyAll");
      proto::ChunkEnding end;
      end.number = heard.call.parameters.tree()["chunks"][0]["number"].get<std::int64_t>();
      end.ending.emplace();
      end.ending->id = JobId{1};
      end.ending->outcome = Outcome::succeeded;
      std::string results = "49";
      for (int i = 1; i < items; ++i) results += ",49";
      end.ending->result = R"({"results":[)" + results + "]}";
      peer.say(proto::write_chunk_endings({end}));
    }
    peer.wait_for_end();
  };
}

enum class Refused { chunk, call };

// The same of one that refuses the one chunk that comes, or the call with it.
std::function<void(FakeServer&)> refusing_map(std::string_view error, std::string parameters, Refused refused) {
  return [error, parameters, refused](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Pool.Show");
    peer.say(one_worker());
    peer.greet("A");
    peer.hear("org.jobpool.Pool.ApplyAll");
    const proto::ChunkEnding end{0, std::nullopt, std::string{error}, parameters};
    if (refused == Refused::chunk)
      peer.say(proto::write_chunk_endings({end}));
    else
      peer.fail(error, parameters);
    peer.wait_for_end();
  };
}

// `count` items, then `Failure`.
template <class Failure>
NextItem items_then_failure(int count) {
  return [left = count](std::string& out) mutable {
    if (left-- == 0) throw Failure("torn");
    out += "[7]";
    return true;
  };
}

}  // namespace

// What an iterator or a view threw that was no ClientError left a thread of the library, and so ended the program.
TEST_CASE("what the source of a map's items throws comes to who takes the results and ends the stream") {
  FakeServer server(serving_map(1));
  {
    const Client client(server.path());
    MapTexts stream = client.pool().imap_texts("square", items_then_failure<std::out_of_range>(1), {}, Pool::Results::in_order);
    CHECK(stream.next() == "49");
    CHECK_THROWS_AS(stream.next(), std::out_of_range);
    CHECK_FALSE(stream.next().has_value());
  }
  server.finish();
}

TEST_CASE("what the source of a map's items gave before it threw is run and given") {
  // The bug: those items that were to go in one chunk with the one that was not to be had were dropped.
  FakeServer server(serving_map(3));
  {
    const Client client(server.path());
    MapTexts stream =
        client.pool().imap_texts("square", items_then_failure<std::out_of_range>(3), {.chunk_size = 10}, Pool::Results::in_order);
    for (int i = 0; i < 3; ++i) CHECK(stream.next() == "49");
    CHECK_THROWS_AS(stream.next(), std::out_of_range);
    CHECK_FALSE(stream.next().has_value());
  }
  server.finish();
}

TEST_CASE("what the source of a map's items gave before an item that no JSON can carry is run and given") {
  // The bug: those items that were to go in one chunk with that one were dropped.
  FakeServer server(serving_map(3));
  {
    const Client client(server.path());
    MapTexts stream = client.pool().imap_texts("square", items_then_failure<InvalidCall>(3), {.chunk_size = 10}, Pool::Results::in_order);
    for (int i = 0; i < 3; ++i) CHECK(stream.next() == "49");
    try {
      stream.next();
      FAIL("it had no result");
    } catch (const InvalidCall& failed) {
      CHECK(std::string_view{failed.what()} == "item 3: torn");
    }
    CHECK_FALSE(stream.next().has_value());
  }
  server.finish();
}

TEST_CASE("what the source of map's items throws comes out of map") {
  FakeServer server(serving_map(0));
  {
    const Client client(server.path());
    const auto map = [&](NextItem next) { client.pool().map_texts("square", std::move(next), 1, {}, [](std::string_view) {}); };
    CHECK_THROWS_AS(map(items_then_failure<std::out_of_range>(0)), std::out_of_range);
  }
  server.finish();
}

TEST_CASE("an item that no JSON can carry is an invalid call that says which") {
  FakeServer server(serving_map(0));
  {
    const Client client(server.path());
    MapTexts stream = client.pool().imap_texts("square", items_then_failure<InvalidCall>(0), {}, Pool::Results::in_order);
    try {
      stream.next();
      FAIL("it had no result");
    } catch (const InvalidCall& failed) {
      CHECK(std::string_view{failed.what()} == "item 0: torn");
    }
  }
  server.finish();
}

TEST_CASE("what the daemon refuses of a map is the exception of its name") {
  // The bug: it was ConnectionLost, of which the header says something else, or a ClientError without a name.
  const auto refused = [](std::string_view error, const std::string& parameters, const auto& check) {
    for (const Refused what : {Refused::chunk, Refused::call}) {
      FakeServer server(refusing_map(error, parameters, what));
      {
        const Client client(server.path());
        check([&client] { client.pool().map<int>("square", std::vector{7}); });
      }
      server.finish();
    }
  };
  using namespace proto::error;
  refused(kPoolNotRunning, R"({"pool":"default","reason":"it is closed"})",
          [](const auto& map) { CHECK_THROWS_AS(map(), PoolNotRunning); });
  refused(kQueueFull, R"({"pool":"default","limit":3,"reason":"enough"})", [](const auto& map) { CHECK_THROWS_AS(map(), QueueFull); });
  refused(kStoreFull, R"({"reason":"the disk is full"})", [](const auto& map) { CHECK_THROWS_AS(map(), StoreFull); });
  refused(kNoSuchDependency, R"({"id":5})", [](const auto& map) { CHECK_THROWS_AS(map(), NoSuchDependency); });
  refused(kKeyConflict, R"({"key":"k","id":41})", [](const auto& map) {
    try {
      map();
      FAIL("it returned");
    } catch (const KeyConflict& conflict) {
      CHECK(conflict.id() == 41);
    }
  });
}

TEST_CASE("a map of a pool that is not there is NoSuchPool") {
  // The bug: it was ConnectionLost, as if there were no daemon.
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    for (int call = 0; call < 3; ++call) {
      peer.hear("org.jobpool.Pool.Show");
      peer.fail(proto::error::kNoSuchPool, R"({"pool":"nowhere"})");
    }
  });
  const Client client(server.path());
  const Pool pool = client.pool("nowhere");
  const std::vector items{7};
  CHECK_THROWS_AS(pool.map<int>("square", items), NoSuchPool);
  CHECK_THROWS_AS(pool.imap<int>("square", items), NoSuchPool);
  CHECK_THROWS_AS(pool.map_async("square", items), NoSuchPool);
  server.finish();
}
