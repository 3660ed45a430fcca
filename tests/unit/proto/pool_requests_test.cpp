// Requests about pools: what is refused, by the name of its field.
#include <nlohmann/json.hpp>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"

using namespace jobpool;
using namespace jobpool::proto;
using nlohmann::json;
using namespace std::string_literals;

namespace {

std::string refused_field(const json& parameters) {
  const auto request = read_create_pool(text_of(parameters));
  return request ? "" : request.error().text;
}

}  // namespace

TEST_CASE("a pool needs a name and a number of workers, and nothing else") {
  const auto request = read_create_pool(text_of({{"name", "images-2.small_ones"}, {"workers", 0}}));
  REQUIRE(request);
  CHECK(request->workers == 0);
  CHECK(request->arguments == "[]");
  CHECK_FALSE(request->min);
  CHECK(refused_field({{"workers", 2}}) == "name");
  CHECK(refused_field({{"name", "images"}}) == "workers");
  CHECK(refused_field({{"name", "images"}, {"workers", 2}, {"cores", 2}}) == "cores");
}

TEST_CASE("the name of a new pool is a word that needs no quotes anywhere") {
  for (const char* name : {"", "two words", "a/b", "-x", "ü", "a'b", "a\nb"}) {
    INFO(name);
    CHECK(refused_field({{"name", name}, {"workers", 1}}) == "name");
  }
  CHECK(refused_field({{"name", std::string(64, 'a')}, {"workers", 1}}).empty());
  CHECK(refused_field({{"name", std::string(65, 'a')}, {"workers", 1}}) == "name");
}

TEST_CASE("a pool's numbers have limits, and an initializer's arguments need an initializer") {
  const json good{{"name", "images"}, {"workers", 4}};
  const std::vector<std::pair<const char*, json>> off{{"workers", -1},
                                                      {"workers", 4097},
                                                      {"min", -1},
                                                      {"maxTasksPerWorker", 0},
                                                      {"memoryBytes", 1024},
                                                      {"idleUSec", -1},
                                                      {"threads", 0},
                                                      {"threads", 9},
                                                      {"initializer", ""},
                                                      {"arguments", "[1]"},
                                                      {"initializer", "\0x"s.substr(0, 1)}};
  for (const auto& [field, value] : off) {
    json request = good;
    request[field] = value;
    INFO(request);
    CHECK(refused_field(request) == field);
  }
  json request = good;
  request["initializer"] = "load";
  for (const char* arguments : {"", "7", "{}", "[1", "[1] "}) {
    request["arguments"] = arguments;
    INFO(arguments);
    CHECK(refused_field(request) == (std::string_view{arguments} == "[1] " ? "" : "arguments"));
  }
}

TEST_CASE("a request that names no pool means the default one, an empty name is none") {
  CHECK(*read_pool_name(text_of(json::object())) == "default");
  CHECK(read_resize_pool(text_of(json::object()))->pool == "default");
  CHECK(read_terminate_pool(text_of(json::object()))->pool == "default");
  CHECK(read_join_pool(text_of(json::object()))->pool == "default");
  CHECK_FALSE(read_pool_name(text_of({{"pool", ""}})));
  CHECK_FALSE(read_pool_name(text_of({{"pool", "images"}, {"more", 1}})));
  CHECK_FALSE(read_join_pool(text_of({{"pool", "images"}, {"timeoutUSec", -1}})));
  CHECK_FALSE(read_resize_pool(text_of({{"pool", "images"}, {"workers", 5000}})));
}
