// Chunks of a map: what their items give, what one of them costs the others, and what they share.
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/worker/function/first_argument.hpp"
#include "tests/unit/worker/functions.hpp"

namespace jobpool::worker {
namespace {

using nlohmann::json;

std::vector<std::string_view> elements(std::string_view array) {
  Elements reader(array);
  std::vector<std::string_view> all;
  while (const auto element = reader.next()) all.push_back(*element);
  if (!reader.is_sound()) all.emplace_back("?");
  return all;
}

TEST_CASE("the elements of an array are found in its text") {
  using Texts = std::vector<std::string_view>;
  CHECK(elements("[]") == Texts{});
  CHECK(elements(" [ ] ") == Texts{});
  CHECK(elements("[1]") == Texts{"1"});
  CHECK(elements(R"( [ [1,"]"] , {"a":[]},"x,\"y" ] )") == Texts{R"([1,"]"])", R"({"a":[]})", R"("x,\"y")"});
  for (const char* bad : {"", "7", "[", "[1", "[1]]", "[[1]", "[1],2]", R"(["])"}) {
    INFO(bad);
    CHECK(elements(bad).back() == "?");
  }
}

TEST_CASE("the results of a chunk are in the order of its items") {
  Functions functions;
  CHECK(functions.map("square", "[[1],[2],[ 3 ]]").result == R"({"results":[1,4,9]})");
  CHECK(functions.map("echo", R"([["a"],[[1,2]],[]])").result == R"({"results":["a",[1,2],null]})");
  CHECK(functions.map("noop", "[[]]").ending == Ending::returned);
  CHECK(functions.item == 0);
}

TEST_CASE("an item that fails harms no other, and the first of them is what the job failed of") {
  Functions functions;
  const Report& report = functions.map("square", R"([[1],["x"],[3],[4294967296]])");
  CHECK(report.ending == Ending::threw);
  CHECK(report.error_type == "TypeError");
  CHECK(report.reason.starts_with("item 2: argument 1: must be"));
  CHECK(report.reason.ends_with("; 1 more of 4 items failed"));
  const json result = json::parse(report.result);
  CHECK(result["results"] == json::parse("[1,null,9,null]"));
  REQUIRE(result["errors"].size() == 2);
  CHECK(result["errors"][0]["index"] == 1);
  CHECK(result["errors"][0]["errorType"] == "TypeError");
  CHECK(result["errors"][1]["index"] == 3);
  CHECK(result["errors"][1]["errorType"] == "OverflowError");
  CHECK(functions.map("square", "[[2]]").reason.empty());
}

TEST_CASE("a chunk of an unknown function fails as one") {
  Functions functions;
  const Report& report = functions.map("no_such", "[[1],[2]]");
  CHECK(report.error_type == "NoSuchFunction");
  CHECK(report.result.empty());
}

TEST_CASE("a chunk that is told to stop ends behind its item, and says how many it had run") {
  Functions functions;
  functions.setup.order(control::OrderKind::stop, 5'000'000);
  const Report& report = functions.map("sleep", "[[1000000],[1000000],[1000000]]");
  CHECK(report.ending == Ending::threw);
  CHECK(report.error_type == "Stopped");
  CHECK(report.reason == "was asked to stop after 1 items of the chunk");
  CHECK(report.result.empty());
}

// Stop orders were looked for as seldom as fast items allowed: 4,096 that had become slow could follow before the next look.
TEST_CASE("a chunk of fast items stops soon after it was told to") {
  Functions functions({PROBE_PLUGIN});
  Pipe there, back;
  std::string items = "[";
  const auto add = [&](int count) {
    for (int i = 0; i < count; ++i) items += "[0,0],";
  };
  add(100'000);
  items += "[" + std::to_string(there.writing.get()) + "," + std::to_string(back.reading.get()) + "],";
  add(1'000);
  items.back() = ']';
  std::jthread stopper([&] {
    char byte = 0;
    if (::read(there.reading.get(), &byte, 1) != 1) return;
    functions.setup.order(control::OrderKind::stop, 5'000'000);
    if (::write(back.writing.get(), &byte, 1) != 1) std::abort();
  });
  const Report& report = functions.map("meet", items);
  CHECK(report.error_type == "Stopped");
  CHECK(report.reason.starts_with("was asked to stop after 100"));
}

TEST_CASE("others see which item runs") {
  Functions functions;
  const pid_t child = ::fork();
  if (child == 0) {
    Functions({PROBE_PLUGIN}).map("exit_with_second_call", "[[],[],[]]");
    ::_exit(99);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(functions.item == 2);
  functions.map("noop", "[[],[]]");
  CHECK(functions.item == 0);
}

TEST_CASE("items share what they change in their process, and the next job sees nothing of it") {
  Functions functions({PROBE_PLUGIN});
  const json before = json::parse(functions.answer("look"));
  REQUIRE(functions.map("disturb", "[[],[]]").ending == Ending::returned);
  CHECK(json::parse(functions.answer("look")) == before);
}

TEST_CASE("an item that forks and returns twice is answered once, and its child runs none of the others") {
  Functions functions({PROBE_PLUGIN});
  CHECK(functions.map("fork_and_return", "[[],[]]").result == R"({"results":["parent","parent"]})");
  for (int children = 0; children < 2; ++children) {
    int status = 0;
    REQUIRE(::wait(&status) > 0);
    CHECK(WEXITSTATUS(status) == EXIT_FAILURE);
  }
  int status = 0;
  CHECK(::wait(&status) == -1);
}

TEST_CASE("results that do not fit together fail where there is no more room, and cost nobody the worker") {
  Functions functions({PROBE_PLUGIN});
  const Report& report = functions.map("large", "[[9000000],[9000000],[1]]");
  CHECK(report.ending == Ending::threw);
  CHECK(report.error_type == "ResultTooLarge");
  const json result = json::parse(report.result);
  CHECK(result["results"][0].get_ref<const std::string&>().size() == 9'000'000);
  CHECK(result["results"][1].is_null());
  CHECK(result["results"][2] == "x");
}

TEST_CASE("a chunk in which everything fails stays within the limit of a result") {
  Functions functions({PROBE_PLUGIN});
  std::string items = "[[]";
  for (int i = 0; i < 60'000; ++i) items += ",[]";
  const std::string message(2'000, 'm');
  std::string failing = "[[\"" + message + "\"]";
  for (int i = 0; i < 20'000; ++i) failing += ",[\"" + message + "\"]";
  const Report& report = functions.map("fail", failing + "]");
  CHECK(report.ending == Ending::threw);
  CHECK(report.error_type == "ResultTooLarge");
  CHECK(report.result.empty());
  CHECK(functions.map("noop", items + "]").ending == Ending::returned);
}

TEST_CASE("an item's answer that is not JSON fails that item") {
  Functions functions({C_PLUGIN});
  const Report& report = functions.map("broken", "[[],[]]");
  CHECK(report.error_type == "BadResult");
  CHECK(json::parse(report.result)["errors"].size() == 2);
}

}  // namespace
}  // namespace jobpool::worker
