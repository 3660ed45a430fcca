// Chunks in one call: what is sent again when the broker dies, and what each chunk is told when nothing can be.
#include <map>

#include "client/lib/chunk_call.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::client;
using namespace jobpool::testing;

namespace {

constexpr const char* kApplyAll = "org.jobpool.Pool.ApplyAll";

proto::ApplyAllRequest three_chunks() {
  proto::ApplyAllRequest request;
  request.job.function = "square";
  request.job.key = "k";
  for (const std::int64_t number : {4, 5, 6}) request.chunks.push_back({number, "[[" + std::to_string(number) + "]]"});
  return request;
}

proto::ChunkEnding end_of(std::int64_t number) {
  proto::ChunkEnding end;
  end.number = number;
  end.ending.emplace();
  end.ending->id = JobId{static_cast<std::uint64_t>(number) + 10};
  end.ending->outcome = Outcome::succeeded;
  end.ending->result = "{\"results\":[" + std::to_string(number) + "]}";
  return end;
}

std::string ends_of(std::vector<std::int64_t> numbers) {
  std::vector<proto::ChunkEnding> ends;
  for (const std::int64_t number : numbers) ends.push_back(end_of(number));
  return proto::write_chunk_endings(ends);
}

void require_numbers(const Heard& heard, const std::vector<std::int64_t>& wanted) {
  std::vector<std::int64_t> numbers;
  const nlohmann::json parameters = heard.call.parameters.tree();
  for (const auto& chunk : parameters["chunks"]) numbers.push_back(chunk["number"].get<std::int64_t>());
  if (!heard.call.more || heard.call.parameters.tree()["job"]["key"] != "k" || numbers != wanted)
    throw std::runtime_error("not the chunks that were to come: " + heard.call.parameters.tree().dump());
}

// What each was told; throws when one was told twice.
std::map<std::int64_t, Result<proto::Ending>> all_ends(const FakeServer& server, proto::ApplyAllRequest request) {
  Connections connections({server.path()});
  std::map<std::int64_t, Result<proto::Ending>> ends;
  bool has_more = false;
  apply_all(
      connections, std::move(request), -1,
      [&](std::int64_t number, Result<proto::Ending>&& ending) {
        if (!ends.emplace(number, std::move(ending)).second) throw std::runtime_error("told twice");
        has_more = true;
      },
      [&] { has_more = false; });
  if (has_more) throw std::runtime_error("not said that these were all");
  return ends;
}

}  // namespace

TEST_CASE("of chunks that were answered when the broker died nothing is sent again, and the rest is") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.greet("A");
    require_numbers(first.hear(kApplyAll), {4, 5, 6});
    first.say(ends_of({5}), true);
    first.close();
    FakePeer second = self.accept();
    second.greet("A");
    require_numbers(second.hear(kApplyAll), {4, 6});
    second.say(ends_of({6}), true);
    second.close();
    FakePeer third = self.accept();
    third.greet("A");
    require_numbers(third.hear(kApplyAll), {4});
    third.say(ends_of({4}));
  });
  const auto ends = all_ends(server, three_chunks());
  REQUIRE(ends.size() == 3);
  for (const auto& [number, end] : ends) {
    REQUIRE(end);
    CHECK(end->id.value == static_cast<std::uint64_t>(number) + 10);
  }
  server.finish();
}

TEST_CASE("chunks that were not answered when the daemon was replaced end interrupted, the others as they did") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.greet("A");
    first.hear(kApplyAll);
    first.say(ends_of({4, 6}), true);
    first.close();
    FakePeer second = self.accept();
    second.greet("B");
    if (second.hears_more()) throw std::runtime_error("the call was sent again");
  });
  const auto ends = all_ends(server, three_chunks());
  server.finish();
  REQUIRE(ends.size() == 3);
  CHECK(ends.at(4));
  CHECK(ends.at(6));
  REQUIRE_FALSE(ends.at(5));
  CHECK(ends.at(5).error().code == Errc::interrupted);
}

TEST_CASE("a chunk that was refused has the error's sentence, and a call that was refused gives it to all") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApplyAll);
    proto::ChunkEnding refused{5, std::nullopt, std::string{proto::error::kNoSuchJob}, R"({"id":17})"};
    peer.say(proto::write_chunk_endings({end_of(4), refused, end_of(6)}));
    peer.close();
    FakePeer again = self.accept();
    again.greet("A");
    again.hear(kApplyAll);
    again.fail(proto::error::kPoolNotRunning, R"({"pool":"default","reason":"it is closed"})");
  });
  const auto some = all_ends(server, three_chunks());
  CHECK(some.at(4));
  REQUIRE_FALSE(some.at(5));
  CHECK(some.at(5).error().code == Errc::not_found);
  CHECK(some.at(5).error().text.starts_with("job 17: no such job"));
  const auto none = all_ends(server, three_chunks());
  server.finish();
  REQUIRE(none.size() == 3);
  for (const auto& [number, end] : none) {
    REQUIRE_FALSE(end);
    CHECK(end.error().text.find("it is closed") != std::string::npos);
  }
}

TEST_CASE("an answer for a chunk that was not asked for, or has its end already, ends the call") {
  const std::vector<std::int64_t> wrong = GENERATE(std::vector<std::int64_t>{4, 4}, std::vector<std::int64_t>{4, 7});
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApplyAll);
    peer.say(ends_of(wrong), true);
    peer.wait_for_end();
  });
  const auto ends = all_ends(server, three_chunks());
  server.finish();
  REQUIRE(ends.size() == 3);
  CHECK(ends.at(4));
  CHECK(ends.at(5).error().code == Errc::protocol);
}

TEST_CASE("a last answer that leaves chunks open is an error of theirs") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApplyAll);
    peer.say(ends_of({4}));
  });
  const auto ends = all_ends(server, three_chunks());
  server.finish();
  CHECK(ends.at(4));
  CHECK(ends.at(5).error().code == Errc::protocol);
  CHECK(ends.at(6).error().code == Errc::protocol);
}
