// What a map does with what the source of its items throws.
#include <stdexcept>

#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

// Answers for a pool of one worker and, if there are any items, for the one chunk that comes.
std::function<void(FakeServer&)> serving_map(int items) {
  return [items](FakeServer& self) {
    FakePeer peer = self.accept();
    proto::PoolInfo pool;
    pool.name = "default";
    pool.workers = 1;
    peer.hear("org.jobpool.Pool.Show");
    peer.say(proto::write_pool(pool));
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
