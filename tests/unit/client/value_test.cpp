// C++ values as JSON and back.
#include "jobpool/value.hpp"

#include "jobpool/errors.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;

TEST_CASE("arguments become the JSON that they look like") {
  CHECK(json_array() == "[]");
  CHECK(json_array(1, -2, 3U, true, nullptr, 1.5, "x", std::string{"y"}) == "[1,-2,3,true,null,1.5,\"x\",\"y\"]");
  CHECK(json_array(std::vector<int>{1, 2}, std::vector<std::string>{"a"}, Json{"{\"k\":1}"}) == "[[1,2],[\"a\"],{\"k\":1}]");
  CHECK(json_array("line\n\"quoted\"") == "[\"line\\n\\\"quoted\\\"\"]");
}

TEST_CASE("what JSON cannot carry is refused before it is sent") {
  CHECK_THROWS_AS(json_array("\xff"), InvalidCall);
  CHECK_THROWS_AS(json_array(1.0 / 0.0), InvalidCall);
}

TEST_CASE("results are read as the type asked for, and as no other") {
  CHECK(json_value<int>("49") == 49);
  CHECK(json_value<std::uint8_t>("255") == 255);
  CHECK(json_value<double>("2") == 2.0);
  CHECK(json_value<bool>("true"));
  CHECK(json_value<std::string>("\"a\\u00e4\"") == "a\u00e4");
  CHECK(json_value<Json>("{\"k\": 1}").text == "{\"k\": 1}");
  CHECK(json_value<std::vector<std::vector<int>>>("[[1],[2,3]]") == std::vector<std::vector<int>>{{1}, {2, 3}});

  CHECK_THROWS_AS(json_value<int>("\"49\""), InvalidCall);
  CHECK_THROWS_AS(json_value<int>("1.5"), InvalidCall);
  CHECK_THROWS_AS(json_value<std::uint8_t>("256"), InvalidCall);
  CHECK_THROWS_AS(json_value<std::uint64_t>("-1"), InvalidCall);
  CHECK_THROWS_AS(json_value<std::int64_t>("9223372036854775808"), InvalidCall);
  CHECK_THROWS_AS(json_value<std::string>("null"), InvalidCall);
  CHECK_THROWS_AS(json_value<std::vector<int>>("{}"), InvalidCall);
}
