// Messages in the shape in which our own writers write them are read by comparing; in any other shape, or with a field that is off, they
// are read field by field. Nobody can tell which it was.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "proto/apply_all_messages.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::proto {
namespace {

JsonText checked_text(std::string_view text) { return JsonText::check(text, 64).value(); }

// The same with white space between all tokens.
std::string spaced(const std::string& text) { return nlohmann::json::parse(text).dump(1); }

Submission small_call() {
  Submission job;
  job.function = "resize";
  job.arguments = R"(["a \"b\" \\ 就绪",{"w":1},null,""])";
  job.pool = "images";
  job.key = "}],\"x\":\"\\";
  job.durable = false;
  return job;
}

TEST_CASE("a submission is the same one, however it is written") {
  const Submission whole = small_call();
  Submission bare;
  bare.function = "f";
  Submission named = whole;
  named.name = "a name";  // which is not read by comparing
  Submission large = whole;
  large.arguments = "[\"" + std::string(100'000, 'x') + "\"]";
  for (const Submission& job : {whole, bare, named, large}) {
    const std::string text = write_submit(job);
    const std::string other = spaced(text);  // kept: what is read is a view of it
    REQUIRE(read_submit(checked_text(text)));
    CHECK(write_submit(*read_submit(checked_text(text))) == text);
    CHECK(write_submit(*read_submit(checked_text(other))) == text);
  }
}

TEST_CASE("a field that is off is named, however the submission is written") {
  const auto refused = [](const std::string& fields) {
    const std::string text = "{\"job\":{\"function\":\"f\"" + fields + "}}", other = spaced(text);
    const auto error = read_submit(checked_text(text)).error().text;
    CHECK(read_submit(checked_text(other)).error().text == error);
    return error;
  };
  CHECK(refused(R"(,"arguments":"{}")") == "job.arguments");
  CHECK(refused(R"(,"arguments":"[")") == "job.arguments");
  CHECK(refused(R"(,"arguments":[1])") == "job.arguments");
  CHECK(refused(R"(,"pool":"")") == "job.pool");
  CHECK(refused(R"(,"pool":"a\u0000b")") == "job.pool");
  CHECK(refused(R"(,"key":")" + std::string(kMaxKeyBytes + 1, 'k') + '"') == "job.key");
  CHECK(refused(R"(,"durable":"true")") == "job.durable");
  CHECK(refused(R"(,"durable":true,"durability":1)") == "job.durability");
  CHECK(read_submit(checked_text(R"({"job":{"function":""}})")).error().text == "job.function");
  CHECK(read_submit(checked_text(R"({"job":{"function":"f"},"extra":1})")).error().text == "extra");
  CHECK(read_submit(checked_text(R"({"job":{"function":"f","key":"a","key":"b"}})")).error().text == "job.key");
}

TEST_CASE("a return is the same one, however it is written") {
  for (const std::string& result :
       {std::string("49"), std::string(R"("\"}]\\")"), "\"" + std::string(100'000, '\\') + "\"", std::string("\"\x01\"")}) {
    Ending ending;
    ending.id = JobId{7};
    ending.outcome = Outcome::succeeded;
    ending.result = result;
    const std::string text = write_ending(ending);
    for (const std::string& form : {text, spaced(text)}) {
      const auto read = read_ending(checked_text(form));
      REQUIRE(read);
      CHECK(read->result == result);
      CHECK(write_ending(*read) == text);
    }

    CHECK(nlohmann::json::parse(text)["ending"] == nlohmann::json({{"id", 7}, {"outcome", "succeeded"}, {"result", result}}));
  }
}

TEST_CASE("an ending that has more to say than its result is read whole") {
  const auto read = [](std::string_view text) { return read_ending(checked_text(text)); };
  const auto more = read(R"({"ending":{"id":7,"outcome":"succeeded","result":"1","exitCode":3}})");
  REQUIRE(more);
  CHECK(more->result == "1");
  CHECK(more->exit_code == 3);
  const auto beside = read(R"({"ending":{"id":7,"outcome":"succeeded","result":"1"},"newer":1})");
  REQUIRE(beside);
  CHECK(beside->result == "1");
  const auto failed = read(R"({"ending":{"id":7,"outcome":"failed","result":"1"}})");
  REQUIRE(failed);
  CHECK(failed->outcome == Outcome::failed);
  CHECK_FALSE(read(R"({"ending":{"id":0,"outcome":"succeeded","result":"1"}})"));
  CHECK_FALSE(read(R"({"ending":{"id":7.5,"outcome":"succeeded","result":"1"}})"));
  CHECK_FALSE(read(R"({"ending":{"id":7,"outcome":"succeeded","result":1}})"));
}

TEST_CASE("the chunks of a call and their ends are the same, however they are written") {
  ApplyAllRequest request;
  request.job = small_call();
  request.job.arguments = "[]";
  request.chunks = {{3, R"([["a"]])"}, {0, "[[]]"}, {9'000'000'000, R"([["\"}\\",1],[2]])"}};
  const std::string text = write_apply_all(request);
  for (const std::string& form : {text, spaced(text)}) {
    const auto read = read_apply_all(checked_text(form));
    REQUIRE(read);
    CHECK(write_apply_all(*read) == text);
  }

  const auto refused = [](const std::string& job, const std::string& chunks, const std::string& more = {}) {
    const std::string call = R"({"job":{"function":"f")" + job + R"(},"chunks":)" + chunks + more + "}", other = spaced(call);
    const auto error = read_apply_all(checked_text(call)).error().text;
    CHECK(read_apply_all(checked_text(other)).error().text == error);
    return error;
  };
  const std::string one = R"({"number":1,"items":"[[]]"})";
  CHECK(refused("", "[" + one + "," + one + "]") == "chunks");
  CHECK(refused("", R"([{"number":1,"items":"[]"}])") == "chunks.items");
  CHECK(refused("", "[" + one + "]", R"(,"extra":1)") == "extra");
  CHECK(refused(R"(,"retries":-1)", "[" + one + "]") == "job.retries");
  CHECK(refused(R"(,"key":")" + std::string(kMaxKeyBytes - 1, 'k') + '"', "[" + one + "]") == "job.key");

  Ending returned;
  returned.id = JobId{7};
  returned.outcome = Outcome::succeeded;
  returned.result = R"({"results":["a"]})";
  Ending failed = returned;
  failed.outcome = Outcome::failed;
  failed.reason = "no";
  ChunkEndingsWriter writer(2);
  writer.add_return(3, returned.id, *returned.result);
  writer.add_return(0, JobId{8}, "\"\n\"");
  const std::string returns = std::move(writer).finish();
  for (const std::string& form : {returns, spaced(returns), write_chunk_endings({{3, returned, {}, {}}, {4, failed, {}, {}}})}) {
    const auto read = read_chunk_endings(checked_text(form));
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    CHECK(read->front().number == 3);
    CHECK(read->front().ending->id == returned.id);
    CHECK(read->front().ending->result == returned.result);
  }
  CHECK(returns == write_chunk_endings(*read_chunk_endings(checked_text(returns))));
}

}  // namespace
}  // namespace jobpool::proto
