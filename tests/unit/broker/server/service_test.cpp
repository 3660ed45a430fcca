// org.varlink.service, and the calls no handler is asked about.
#include <string>

#include "proto/envelope.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

nlohmann::json answer_to(const std::string& text) {
  Harness harness;
  Client client = harness.connect();
  client.send(text + std::string(1, '\0'));
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 1);
  CHECK(harness.handler.calls.empty());
  return replies[0];
}

nlohmann::json error_of(std::string_view name, std::string_view field, std::string_view text) {
  return {{"error", name}, {"parameters", {{field, text}}}};
}

}  // namespace

TEST_CASE("GetInfo says who this is") {
  const auto reply = answer_to(R"({"method":"org.varlink.service.GetInfo"})");
  CHECK(reply["parameters"] == nlohmann::json::parse(proto::service_info()));
  CHECK(reply["parameters"]["interfaces"].size() >= 3);
}

TEST_CASE("GetInterfaceDescription gives the file's text") {
  for (const std::string name : {"org.varlink.service", "org.jobpool.Pool", "org.jobpool.Job", "org.jobpool.Queue"}) {
    const auto reply = answer_to(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":")" + name + "\"}}");
    CHECK(reply["parameters"]["description"] == proto::interface_description(name));
    CHECK_FALSE(proto::interface_description(name).empty());
  }
}

TEST_CASE("the service's own parameters are read strictly") {
  const std::string get = R"({"method":"org.varlink.service.GetInterfaceDescription")";
  CHECK(answer_to(get + "}") == error_of("org.varlink.service.InvalidParameter", "parameter", "interface"));
  CHECK(answer_to(get + R"(,"parameters":{"interface":7}})") == error_of("org.varlink.service.InvalidParameter", "parameter", "interface"));
  CHECK(answer_to(get + R"(,"parameters":{"interface":"org.varlink.service","x":1}})") ==
        error_of("org.varlink.service.InvalidParameter", "parameter", "x"));
  CHECK(answer_to(get + R"(,"parameters":{"interface":"no.such"}})") ==
        error_of("org.varlink.service.InterfaceNotFound", "interface", "no.such"));
  CHECK(answer_to(R"({"method":"org.varlink.service.GetInfo","parameters":{"x":1}})") ==
        error_of("org.varlink.service.InvalidParameter", "parameter", "x"));
}

TEST_CASE("unknown targets have their own errors") {
  CHECK(answer_to(R"({"method":"org.varlink.service.Nothing"})") ==
        error_of("org.varlink.service.MethodNotFound", "method", "org.varlink.service.Nothing"));
  CHECK(answer_to(R"({"method":"no.such.Thing"})") == error_of("org.varlink.service.InterfaceNotFound", "interface", "no.such"));
  CHECK(answer_to(R"({"method":"Thing"})") == error_of("org.varlink.service.InvalidParameter", "parameter", "method"));
  CHECK(answer_to(R"({"method":".Thing"})") == error_of("org.varlink.service.InvalidParameter", "parameter", "method"));
}

TEST_CASE("no connection can be turned into something else") {
  CHECK(answer_to(R"({"method":"org.jobpool.Pool.Apply","upgrade":true})") ==
        error_of("org.varlink.service.MethodNotImplemented", "method", "org.jobpool.Pool.Apply"));
}
