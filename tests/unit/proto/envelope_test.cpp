// Calls and replies: what is taken, what closes the connection, what is written.
#include "proto/envelope.hpp"

#include "proto/interfaces.hpp"
#include "proto/json_reader.hpp"
#include "proto/version.hpp"
#include "tests/support/catch.hpp"

using namespace std::string_literals;
using namespace jobpool::proto;
using jobpool::Errc;
using nlohmann::json;

TEST_CASE("a call gives its method, parameters and mode") {
  const auto call = read_call(R"( {"method":"a.B.C", "parameters":{"x":[1]}, "more":true} )");
  REQUIRE(call);
  CHECK(call->method == "a.B.C");
  CHECK(call->parameters.tree() == json{{"x", json::array({1})}});
  CHECK(call->more);
  CHECK_FALSE(call->oneway);
  CHECK_FALSE(call->upgrade);
}

TEST_CASE("absent and null parameters are null, which is as an empty object to whoever reads fields") {
  CHECK(read_call(R"({"method":"a.B"})")->parameters.is_null());
  CHECK(read_call(R"({"method":"a.B","parameters":null})")->parameters.is_null());
}

TEST_CASE("flags that are false are no flags, and keys with a dot are extensions") {
  const auto call = read_call(R"({"method":"a.B","oneway":false,"more":true,"upgrade":false,"org.example.trace":{"id":[1,2]}})");
  REQUIRE(call);
  CHECK(call->more);
}

TEST_CASE("a message that is no call closes the connection") {
  for (const std::string& message : {""s,
                                     "{"s,
                                     "[]"s,
                                     "\"a.B\""s,
                                     "null"s,
                                     "{}"s,
                                     R"({"parameters":{}})"s,
                                     R"({"method":null})"s,
                                     R"({"method":7})"s,
                                     R"({"method":"a","method":"a"})"s,
                                     R"({"method":"a\u0000"})"s,
                                     R"({"method":"a","parameters":[]})"s,
                                     R"({"method":"a","parameters":"x"})"s,
                                     R"({"method":"a","parameters":{},"parameters":{}})"s,
                                     R"({"method":"a","more":1})"s,
                                     R"({"method":"a","more":null})"s,
                                     R"({"method":"a","oneway":"true"})"s,
                                     R"({"method":"a","upgrade":0})"s,
                                     R"({"method":"a","more":true,"more":true})"s,
                                     R"({"method":"a","more":true,"oneway":true})"s,
                                     R"({"method":"a","upgrade":true,"oneway":true})"s,
                                     R"({"method":"a","upgrade":true,"more":true})"s,
                                     R"({"method":"a","extra":1})"s,
                                     R"({"method":"a","org.x":})"s,
                                     R"({"method":"a"} x)"s,
                                     R"({"method":"a"}{})"s,
                                     "{\"method\":\"a\xFF\"}"s,
                                     "{\"method\":\"a\",\"parameters\":{\"x\":\"\xC0\x80\"}}"s,
                                     "\xEF\xBB\xBF{\"method\":\"a\"}"s,
                                     "{\"method\":\"a\"}\0"s}) {
    INFO(message);
    const auto call = read_call(message);
    REQUIRE_FALSE(call);
    CHECK(call.error().code == Errc::protocol);
    CHECK_FALSE(call.error().text.empty());
  }
}

TEST_CASE("nesting beyond the limit is refused instead of exhausting the stack") {
  const auto call_with = [](std::size_t depth) {
    return R"({"method":"a","parameters":{"x":)" + std::string(depth, '[') + std::string(depth, ']') + "}}";
  };
  CHECK(read_call(call_with(kMaxMessageDepth - 2)));
  CHECK_FALSE(read_call(call_with(kMaxMessageDepth - 1)));
  CHECK_FALSE(read_call(call_with(1'000'000)));
}

TEST_CASE("calls are written with their NUL, and without what is empty") {
  CHECK(write_call("a.B", "") == "{\"method\":\"a.B\"}\0"s);
  CHECK(write_call("a.B", "{}", CallMode::oneway) == "{\"method\":\"a.B\",\"oneway\":true}\0"s);
  CHECK(write_call("a.B", R"({"x":1})", CallMode::more) == "{\"method\":\"a.B\",\"parameters\":{\"x\":1},\"more\":true}\0"s);
}

TEST_CASE("replies are appended with their NUL, and without what is empty") {
  std::string out;
  append_reply(out, "");
  append_reply(out, "{}", true);
  append_reply(out, R"({"x":1})", true);
  append_error(out, error::kExpectedMore, "");
  append_error(out, error::kInvalidParameter, one_field("parameter", "job.\"x\""));
  CHECK(out ==
        "{}\0{\"continues\":true}\0{\"parameters\":{\"x\":1},\"continues\":true}\0{\"error\":\"org.varlink.service.ExpectedMore\"}\0"
        "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"job.\\\"x\\\"\"}}\0"s);
}

TEST_CASE("a reply gives its parameters, error and whether more come, what it does not know it ignores") {
  const auto reply = read_reply(R"({"parameters":{"x":1},"continues":true,"later":{"a":[]}})");
  REQUIRE(reply);
  CHECK(reply->parameters.tree() == json{{"x", 1}});
  CHECK(reply->continues);
  CHECK(reply->error.empty());
  CHECK(read_reply("{}")->parameters.is_null());
  const auto failed = read_reply(R"({"error":"a.B.C","parameters":{"parameter":"x"}})");
  REQUIRE(failed);
  CHECK(failed->error == "a.B.C");
}

TEST_CASE("a message that is no reply is a protocol error") {
  for (const std::string& message :
       {""s, "[]"s, "{"s, R"({"parameters":[]})"s, R"({"error":7})"s, R"({"error":""})"s, R"({"error":null})"s, R"({"continues":"yes"})"s,
        R"({"error":"a.B","continues":true})"s, R"({"error":"a.B","error":"a.B"})"s, R"({"parameters":{}} x)"s, R"({"x":})"s}) {
    INFO(message);
    const auto reply = read_reply(message);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::protocol);
  }
}

TEST_CASE("the service describes itself and each of its interfaces") {
  const json info = json::parse(service_info());
  CHECK(info.at("vendor") == "jobpool");
  CHECK(info.at("product") == "jobpool");
  CHECK(info.at("version") == std::string(jobpool::version()));
  CHECK(info.at("url") == "");
  CHECK(info.at("interfaces") ==
        json({"org.varlink.service", "org.jobpool.Pool", "org.jobpool.Job", "org.jobpool.Queue", "org.jobpool.Process"}));
  for (const std::string name : info.at("interfaces"))
    CHECK(interface_description(name).find("\ninterface " + name + "\n") != std::string_view::npos);
  CHECK(interface_description("org.example.none").empty());
  CHECK(interface_description("").empty());
}
