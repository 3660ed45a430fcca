// Chunks of maps and their results: what is one, and what is not.
#include "proto/chunk.hpp"

#include <nlohmann/json.hpp>

#include "proto/apply_all_messages.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"

namespace jobpool::proto {
namespace {

using nlohmann::json;

Result<ChunkResult> parse(const std::string& text) { return read_chunk_result(text); }

TEST_CASE("a chunk is an array of arrays that is not empty") {
  for (const char* good : {"[[]]", " [ [1] , [\"a\",{}] ] ", "[[[1]]]"}) CHECK(is_chunk(good));
  for (const char* bad : {"", "[]", "[1]", "{}", "[[1],2]", "[[1]", "[[1]]x", "[[1],]", "[{}]", "[[01]]", "null"}) {
    INFO(bad);
    CHECK_FALSE(is_chunk(bad));
  }
}

TEST_CASE("a chunk may not be nested deeper than a payload may") {
  CHECK(is_chunk(std::string(512, '[') + std::string(512, ']')));
  CHECK_FALSE(is_chunk(std::string(513, '[') + std::string(513, ']')));
}

TEST_CASE("the results of a chunk are slices of its text, each as it was written") {
  const std::string text = R"({"results":[1, "a ] \" b" ,{"x":[null]},null]})";
  const auto result = parse(text);
  REQUIRE(result);
  CHECK(result->results == std::vector<std::string_view>{"1", R"("a ] \" b")", R"({"x":[null]})", "null"});
  CHECK(result->errors.empty());
  CHECK(parse(R"({"results":[]})")->results.empty());
}

TEST_CASE("the errors of a chunk name their items") {
  const std::string text = R"({"results":[null,2,null],"errors":[{"index":0,"errorType":"A","reason":"a\nb"},{"index":2,"reason":"c"}]})";
  const auto result = parse(text);
  REQUIRE(result);
  REQUIRE(result->errors.size() == 2);
  CHECK(result->errors[0].index == 0);
  CHECK(result->errors[0].error_type == "A");
  CHECK(result->errors[0].reason == "a\nb");
  CHECK(result->errors[1].index == 2);
}

TEST_CASE("a result that no worker would write is refused") {
  for (const char* bad : {
           "",
           "7",
           "[]",
           R"({"results":[1})",
           R"({"results":[1]}x)",
           R"({"results":1})",
           R"({"results":[1],"errors":1})",
           R"({"results":[1],"errors":[{"index":1}]})",  // beyond the results
           R"({"results":[1],"errors":[{"index":-1}]})",
           R"({"results":[1],"errors":[{}]})",
           R"({"results":[1,2],"errors":[{"index":1},{"index":0}]})",  // not in order
           R"({"results":[1,2],"errors":[{"index":1},{"index":1}]})",
           R"({"results":[1],"errors":[{"index":"0"}]})",
       }) {
    INFO(bad);
    CHECK_FALSE(parse(bad));
  }
}

TEST_CASE("items exclude arguments, and a command has none") {
  const auto read = [](const char* job) { return read_submit(text_of(json{{"job", json::parse(job)}})); };
  const auto chunk = read(R"({"function":"f","items":"[[1]]"})");
  REQUIRE(chunk);
  CHECK(chunk->items == "[[1]]");
  CHECK(read(R"({"function":"f","items":"[[1]]","arguments":"[]"})").error().text == "job.arguments");
  CHECK(read(R"({"command":["a"],"items":"[[1]]"})").error().text == "job.items");
  CHECK(read(R"({"function":"f","items":"[]"})").error().text == "job.items");
  CHECK(read(R"({"function":"f","items":[[1]]})").error().text == "job.items");
}

TEST_CASE("a command line is an array of one array of words, the first of which is a program") {
  const std::vector<std::string> words{"sh", "-c", "echo \"\xc3\xa9\"", ""};
  CHECK(*read_command_line(write_command_line(words)) == words);
  CHECK(is_chunk(write_command_line(words)));
  for (const char* bad :
       {"", "[]", "[[]]", "[[\"\"]]", "[[\"a\"],[\"b\"]]", "[[\"a\",1]]", "[[\"a\"]] x", "[\"a\"]", "[[\"a\\u0000\"]]", "[[\"a\""}) {
    INFO(bad);
    CHECK_FALSE(read_command_line(bad));
  }
}

TEST_CASE("a batch has a submission and chunks") {
  const auto read = [](const char* text) { return read_map(checked(text)); };
  const auto batch = read(R"({"job":{"function":"f","retries":1},"chunks":["[[1]]","[[2],[3]]"]})");
  REQUIRE(batch);
  CHECK(batch->chunks == std::vector<std::string>{"[[1]]", "[[2],[3]]"});
  CHECK(read(R"({"job":{"function":"f","bad":1},"chunks":["[[1]]"]})").error().text == "job.bad");
  CHECK(read(R"({"job":{"function":"f"},"chunks":[]})").error().text == "chunks");
  CHECK(read(R"({"job":{"function":"f"},"chunks":["[[1]]","[]"]})").error().text == "chunks");
  CHECK(read(R"({"job":{"function":"f"},"chunks":[[[1]]]})").error().text == "chunks");
  CHECK(read(R"({"job":{"function":"f"}})").error().text == "chunks");
  CHECK(read(R"({"job":{"function":"f"},"chunks":["[[1]]"],"x":1})").error().text == "x");
}

TEST_CASE("the chunks of one call have numbers that differ, and a key that leaves room for them") {
  const auto read = [](const std::string& job, const std::string& chunks) {
    return read_apply_all(text_of(json::parse(R"({"job":{"function":"f")" + job + R"(},"chunks":)" + chunks + "}")));
  };
  const auto request = read(R"(,"key":"k")", R"([{"number":5,"items":"[[1]]"},{"number":0,"items":"[[2],[3]]"}])");
  REQUIRE(request);
  REQUIRE(request->chunks.size() == 2);
  CHECK(request->chunks[1].number == 0);
  CHECK(request->chunks[1].items == "[[2],[3]]");
  CHECK(read("", R"([{"number":1,"items":"[[1]]"},{"number":0,"items":"[[1]]"},{"number":1,"items":"[[1]]"}])").error().text == "chunks");
  CHECK(read("", "[]").error().text == "chunks");
  CHECK(read("", R"([{"number":-1,"items":"[[1]]"}])").error().text == "chunks.number");
  CHECK(read("", R"([{"items":"[[1]]"}])").error().text == "chunks.number");
  CHECK(read("", R"([{"number":1,"items":"[]"}])").error().text == "chunks.items");
  CHECK(read("", R"([{"number":1,"items":"[[1]]","x":1}])").error().text == "chunks.x");
  CHECK(read("", R"(["[[1]]"])").error().text == "chunks");
  CHECK(read(R"(,"bad":1)", R"([{"number":1,"items":"[[1]]"}])").error().text == "job.bad");
  const std::string key = R"(,"key":")" + std::string(kMaxKeyBytes - 3, 'k') + '"';
  CHECK(read(key, R"([{"number":99,"items":"[[1]]"}])"));
  CHECK(read(key, R"([{"number":100,"items":"[[1]]"}])").error().text == "job.key");
  std::string room = "what was there";
  CHECK(chunk_key("k", 17, room) == "k-17");
  CHECK(chunk_key("", 17, room).empty());
}

TEST_CASE("an ending of a chunk is an ending or an error") {
  const auto read = [](const std::string& ending) { return read_chunk_endings(text_of(json::parse(R"({"endings":[)" + ending + "]}"))); };
  CHECK(read(R"({"number":1,"ending":{"id":1,"outcome":"succeeded"}})"));
  CHECK(read(R"({"number":1,"error":"a.b","parameters":"{}"})"));
  CHECK_FALSE(read(R"({"number":1})"));
  CHECK_FALSE(read(R"({"ending":{"id":1,"outcome":"succeeded"}})"));
  CHECK_FALSE(read(R"({"number":1,"ending":{"id":1}})"));
}

}  // namespace
}  // namespace jobpool::proto
