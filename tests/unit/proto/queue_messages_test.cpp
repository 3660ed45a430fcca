// The messages of queues: what a name, an item, a wait and a key may be.
#include <nlohmann/json.hpp>

#include "proto/messages.hpp"
#include "proto/queue_messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"
#include "tests/unit/proto/refused.hpp"

using namespace jobpool;
using namespace jobpool::proto;
using nlohmann::json;

namespace {

json with_items(const json& items) { return {{"name", "mail"}, {"items", items}}; }

}  // namespace

TEST_CASE("a queue's name is one to 64 letters, digits, dots, underscores or dashes, in every request") {
  const std::string longest(64, 'a');
  for (const std::string& name : {std::string("a"), std::string("-"), std::string("Mail.in-box_2"), longest}) CHECK(is_queue_name(name));
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a/b"), std::string("就绪"), std::string("a\n"), longest + "a"}) {
    INFO(name);
    CHECK_FALSE(is_queue_name(name));
    const json named = {{"name", name}};
    CHECK(refused(read_queue_name(text_of(named))) == "name");
    CHECK(refused(read_queue_create(text_of(named))) == "name");
    CHECK(refused(read_queue_get(text_of(named))) == "name");
    CHECK(refused(read_queue_done(text_of(named))) == "name");
    CHECK(refused(read_queue_join(text_of(named))) == "name");
    CHECK(refused(read_queue_put(text_of({{"name", name}, {"items", {"1"}}}))) == "name");
  }
  CHECK(refused(read_queue_name(text_of({{"name", "a"}, {"surplus", 1}}))) == "surplus");
}

TEST_CASE("items are JSON texts, at least one and at most 10,000") {
  CHECK(read_queue_put(text_of(with_items({"1", "null", "\"a\"", "[{}]", " 7 "}))));
  for (const json& items :
       {json::array(), json({1}), json({"1", nullptr}), json({"nonsense"}), json({"1 2"}), json({""}), json("1"), json()})
    CHECK(refused(read_queue_put(text_of(with_items(items)))) == "items");
  CHECK(read_queue_put(text_of(with_items(json(std::vector<std::string>(10'000, "1"))))));
  CHECK(refused(read_queue_put(text_of(with_items(json(std::vector<std::string>(10'001, "1")))))) == "items");
  const std::string deep(513, '[');
  CHECK(refused(read_queue_put(text_of(with_items({deep + std::string(513, ']')})))) == "items");
  const std::string largest = "\"" + std::string(kMaxPayloadBytes - 2, 'x') + "\"";
  CHECK(read_queue_put(text_of(with_items({largest}))));
  CHECK(refused(read_queue_put(text_of(with_items({largest + " "})))) == "items");
}

TEST_CASE("who does not wait has no time-out, and keys are neither empty nor long") {
  const auto get = [](json extra) {
    extra["name"] = "mail";
    return refused(read_queue_get(text_of(extra)));
  };
  CHECK(get({{"wait", false}}).empty());
  CHECK(get({{"timeoutUSec", 0}}).empty());
  CHECK(get({{"wait", false}, {"timeoutUSec", 0}}) == "timeoutUSec");
  CHECK(get({{"timeoutUSec", -1}}) == "timeoutUSec");
  CHECK(get({{"key", ""}}) == "key");
  CHECK(get({{"key", std::string(128, 'k')}}).empty());
  CHECK(get({{"key", std::string(129, 'k')}}) == "key");
  CHECK(get({{"job", 0}}) == "job");
  CHECK(get({{"count", 0}}) == "count");
  CHECK(get({{"count", 10'001}}) == "count");
}

TEST_CASE("bounds of queues and counts are checked") {
  CHECK(refused(read_queue_create(text_of({{"name", "a"}, {"maxsize", -1}}))) == "maxsize");
  CHECK(refused(read_queue_create(text_of({{"name", "a"}, {"maxsize", 1'000'000'001}}))) == "maxsize");
  CHECK(refused(read_queue_done(text_of({{"name", "a"}, {"count", 0}}))) == "count");
  CHECK(read_queue_create(text_of({{"name", "a"}, {"maxsize", 1'000'000'000}}))->maxsize == 1'000'000'000);
}

TEST_CASE("items come back from a reply as they went into it") {
  const std::vector<std::string> items = {"\"a \\\"quoted\\\" 就绪\"", "null", "[1,\n2]"};
  const auto read = read_items(text_of(json::parse(write_items({items.begin(), items.end()}))));
  REQUIRE(read);
  CHECK(*read == items);
  CHECK(read_items(text_of(json::parse(write_items({}))))->empty());
  CHECK(read_items(text_of({{"items", "none"}})).error().code == Errc::protocol);
  CHECK(read_items(text_of(json::object())).error().code == Errc::protocol);
}
