// The small requests: their rules, and their round trips.
#include <nlohmann/json.hpp>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"
#include "tests/unit/proto/refused.hpp"

using namespace std::string_literals;
using namespace jobpool;
using namespace jobpool::proto;
using nlohmann::json;

namespace {

std::string ids(std::size_t count) {
  std::string text = "{\"ids\":[1";
  for (std::size_t i = 1; i < count; ++i) text += ",1";
  return text + "]}";
}

}  // namespace

TEST_CASE("an id is a positive integer, in every request that has one") {
  const auto refused_everywhere = [](const std::string& id) {
    const json one = parsed("{\"id\":" + id + "}"), with_signal = parsed("{\"signal\":9,\"id\":" + id + "}");
    const std::string path = refused(read_id(text_of(one)));
    CHECK(refused(read_get(text_of(one))) == path);
    CHECK(refused(read_logs(text_of(one))) == path);
    CHECK(refused(read_kill(text_of(with_signal))) == path);
    const std::string several = refused(read_wait(text_of(parsed("{\"ids\":[1," + id + "]}"))));
    CHECK(several == (path.empty() ? "" : "ids"));
    CHECK(refused(read_cancel(text_of(parsed("{\"ids\":[" + id + "]}")))) == several);
    CHECK(refused(read_remove(text_of(parsed("{\"ids\":[" + id + "]}")))) == several);
    return path;
  };
  for (const char* id : {"1", "4294967296", "9223372036854775807"}) CHECK(refused_everywhere(id) == "");
  for (const char* id : {"0", "-1", "1.0", "\"1\"", "true", "[1]", "9223372036854775808", "18446744073709551615"})
    CHECK(refused_everywhere(id) == "id");
  CHECK(refused(read_id(text_of(json::object()))) == "id");
  CHECK(refused(read_id(text_of(json()))) == "id");
  CHECK(refused(read_id(text_of(parsed(R"({"id":null})")))) == "id");
}

TEST_CASE("lists of ids have 1 to 100,000 of them") {
  CHECK(refused(read_wait(text_of(parsed("{}")))) == "ids");
  CHECK(refused(read_wait(text_of(parsed(R"({"ids":[]})")))) == "ids");
  CHECK(refused(read_cancel(text_of(parsed(R"({"ids":[]})")))) == "ids");
  CHECK(refused(read_cancel(text_of(parsed(R"({"ids":7})")))) == "ids");
  CHECK(read_wait(text_of(parsed(ids(100'000))))->ids.size() == 100'000);
  CHECK(refused(read_wait(text_of(parsed(ids(100'001))))) == "ids");
  CHECK(refused(read_cancel(text_of(parsed(ids(100'001))))) == "ids");
  CHECK(refused(read_remove(text_of(parsed("{}")))) == "ids");
  CHECK(refused(read_remove(text_of(parsed(R"({"ids":[]})")))) == "ids");
  CHECK(refused(read_remove(text_of(parsed(ids(100'001))))) == "ids");
}

TEST_CASE("what is to be cleaned is named by age, outcome and pool, each as it should be") {
  for (const char* usec : {"-1", "315360000000001", "0.5", "\"1d\""})
    CHECK(refused(read_clean(text_of(parsed(std::string("{\"olderThanUSec\":") + usec + "}")))) == "olderThanUSec");
  for (const char* outcome : {"\"\"", "\"done\"", "7", "\"Failed\""})
    CHECK(refused(read_clean(text_of(parsed(std::string("{\"outcome\":") + outcome + "}")))) == "outcome");
  CHECK(refused(read_clean(text_of(parsed(R"({"pool":7})")))) == "pool");
  const auto all = read_clean(text_of(parsed(R"({"olderThanUSec":null,"outcome":null,"pool":null})")));
  REQUIRE(all);
  CHECK_FALSE((all->older_than || all->outcome || all->pool));
}

TEST_CASE("a time-out is at most ten years, so that no clock overflows") {
  const auto refused_timeout = [](const std::string& usec) {
    const std::string path = refused(read_get(text_of(parsed("{\"id\":1,\"timeoutUSec\":" + usec + "}"))));
    CHECK(refused(read_wait(text_of(parsed("{\"ids\":[1],\"timeoutUSec\":" + usec + "}")))) == path);
    return path;
  };
  for (const char* usec : {"0", "1", "315360000000000", "null"}) CHECK(refused_timeout(usec) == "");
  for (const char* usec : {"-1", "315360000000001", "9223372036854775807", "0.5", "\"5s\""}) CHECK(refused_timeout(usec) == "timeoutUSec");
}

TEST_CASE("a signal is 1 to 64") {
  const auto refused_signal = [](const std::string& signal) {
    return refused(read_kill(text_of(parsed("{\"id\":1,\"signal\":" + signal + "}"))));
  };
  for (const char* signal : {"1", "9", "64"}) CHECK(refused_signal(signal) == "");
  for (const char* signal : {"0", "-9", "65", "\"TERM\"", "null"}) CHECK(refused_signal(signal) == "signal");
  CHECK(refused(read_kill(text_of(parsed(R"({"id":1})")))) == "signal");
}

TEST_CASE("a list's state is one of the four, its limit not negative") {
  for (const char* state : {"ready", "running", "waiting", "done"})
    CHECK(read_list(text_of(json{{"state", state}}))->state == job_state_from(state));
  for (const json& state : {json("Ready"), json(""), json("succeeded"), json(1)})
    CHECK(refused(read_list(text_of({{"state", state}}))) == "state");
  CHECK(read_list(text_of(json::object()))->limit == 100);
  CHECK(read_list(text_of({{"limit", 0}}))->limit == 0);
  CHECK(refused(read_list(text_of({{"limit", -1}}))) == "limit");
  CHECK(refused(read_list(text_of({{"pool", 1}}))) == "pool");
  CHECK(refused(read_list(text_of({{"pool", "a\0"s}}))) == "pool");
}

TEST_CASE("flags are booleans") {
  CHECK(refused(read_get(text_of({{"id", 1}, {"output", 1}}))) == "output");
  CHECK(refused(read_logs(text_of({{"id", 1}, {"stderr", "yes"}}))) == "stderr");
  CHECK(refused(read_cancel(text_of({{"ids", {1}}, {"now", 0}}))) == "now");
  CHECK(refused(read_shutdown(text_of({{"now", "now"}}))) == "now");
  CHECK(refused(read_reload(text_of({{"wait", 1}}))) == "wait");
}

TEST_CASE("every request refuses a field it does not know, null or not") {
  for (const json& value : {json(1), json()}) {
    CHECK(refused(read_id(text_of({{"id", 1}, {"x", value}}))) == "x");
    CHECK(refused(read_get(text_of({{"id", 1}, {"x", value}}))) == "x");
    CHECK(refused(read_wait(text_of({{"ids", {1}}, {"x", value}}))) == "x");
    CHECK(refused(read_cancel(text_of({{"ids", {1}}, {"x", value}}))) == "x");
    CHECK(refused(read_remove(text_of({{"ids", {1}}, {"x", value}}))) == "x");
    CHECK(refused(read_clean(text_of({{"x", value}}))) == "x");
    CHECK(refused(read_list(text_of({{"x", value}}))) == "x");
    CHECK(refused(read_kill(text_of({{"id", 1}, {"signal", 1}, {"x", value}}))) == "x");
    CHECK(refused(read_logs(text_of({{"id", 1}, {"x", value}}))) == "x");
    CHECK(refused(read_shutdown(text_of({{"x", value}}))) == "x");
    CHECK(refused(read_nothing(text_of({{"x", value}}))) == "x");
  }
  CHECK(refused(read_nothing(text_of(json::array()))) == "parameters");
  CHECK(refused(read_nothing(text_of(json()))) == "");
  CHECK(refused(read_nothing(text_of(json::object()))) == "");
}

TEST_CASE("requests come back as they were written") {
  const auto get = read_get(text_of(parsed(write_get({JobId{7}, Microseconds(1'500'000), false}))));
  CHECK(get->id == JobId{7});
  CHECK(get->timeout == Microseconds(1'500'000));
  CHECK_FALSE(get->output);
  CHECK_FALSE(read_get(text_of(parsed(write_get({JobId{7}, {}, true}))))->timeout);

  const auto wait = read_wait(text_of(parsed(write_wait({{JobId{1}, JobId{2}}, Microseconds(0)}))));
  CHECK(wait->ids == std::vector{JobId{1}, JobId{2}});
  CHECK(wait->timeout == Microseconds(0));

  const auto cancel = read_cancel(text_of(parsed(write_cancel({{JobId{3}}, true}))));
  CHECK(cancel->ids == std::vector{JobId{3}});
  CHECK(cancel->now);

  CHECK(read_remove(text_of(parsed(write_remove({{JobId{3}, JobId{4}}}))))->ids == std::vector{JobId{3}, JobId{4}});

  const auto clean = read_clean(text_of(parsed(write_clean({Microseconds(0), Outcome::skipped, "images"}))));
  CHECK(clean->older_than == Microseconds(0));
  CHECK(clean->outcome == Outcome::skipped);
  CHECK(clean->pool == "images");

  const auto list = read_list(text_of(parsed(write_list({JobState::waiting, "images", 0}))));
  CHECK(list->state == JobState::waiting);
  CHECK(list->pool == "images");
  CHECK(list->limit == 0);

  const auto kill = read_kill(text_of(parsed(write_kill({JobId{4}, 15}))));
  CHECK(kill->id == JobId{4});
  CHECK(kill->signal == 15);

  const auto logs = read_logs(text_of(parsed(write_logs({JobId{5}, true}))));
  CHECK(logs->id == JobId{5});
  CHECK(logs->standard_error);

  CHECK(*read_id(text_of(parsed(write_id(JobId{6})))) == JobId{6});
  CHECK(read_shutdown(text_of(parsed(write_shutdown({true}))))->now);
  CHECK_FALSE(read_shutdown(text_of(parsed(write_shutdown({false}))))->now);
}
