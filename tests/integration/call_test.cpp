// jobpool call, and calls by other people's programs: the protocol is all there is to know.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

TEST_CASE("call prints the reply's parameters") {
  Daemon daemon;
  const Finished hello = daemon.run({"call", "org.jobpool.Pool.Hello"});
  CHECK(hello.exit_code == 0);
  const json reply = json::parse(hello.out, nullptr, false);
  REQUIRE(reply.is_object());
  CHECK(reply["supervisorPid"] == daemon.pid());

  const Finished apply = daemon.run({"call", "org.jobpool.Pool.Apply", R"({"job": {"function": "square", "arguments": "[9]"}})"});
  CHECK(json::parse(apply.out, nullptr, false)["ending"]["result"] == "81");
}

TEST_CASE("call tells an error by its name") {
  Daemon daemon;
  const Finished finished = daemon.run({"call", "org.jobpool.Job.Show", R"({"id": 4711})"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("org.jobpool.Job.NoSuchJob") != std::string::npos);
  CHECK(finished.err.find("4711") != std::string::npos);
  CHECK(daemon.run({"call", "org.jobpool.Pool.Hello", "{broken"}).exit_code == 2);
}

TEST_CASE("socat and printf are client enough") {
  Daemon daemon;
  const Finished finished = run(
      {.argv = {"sh", "-c", R"(printf '{"method":"org.varlink.service.GetInfo"}\0' | socat -t 60 - UNIX-CONNECT:"$0")", daemon.socket()}});
  REQUIRE_FALSE(finished.out.empty());
  CHECK(finished.out.back() == '\0');
  const json reply = json::parse(finished.out.substr(0, finished.out.size() - 1), nullptr, false);
  REQUIRE(reply.is_object());
  const json interfaces = reply["parameters"]["interfaces"];
  for (const char* name : {"org.varlink.service", "org.jobpool.Pool", "org.jobpool.Job", "org.jobpool.Queue"}) {
    CHECK(std::find(interfaces.begin(), interfaces.end(), name) != interfaces.end());
  }
}

TEST_CASE("the end of a client's input alone cancels nothing") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  client.send("org.jobpool.Pool.Apply", {{"job", {{"command", {"sh", "-c", "sleep 0.3; exit 6"}}}}});
  client.end_input();
  const auto reply = client.receive();
  REQUIRE(reply);
  CHECK((*reply)["parameters"]["ending"]["exitCode"] == 6);
}

TEST_CASE("every interface describes itself, and names what it does not have") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  for (const char* name : {"org.varlink.service", "org.jobpool.Pool", "org.jobpool.Job", "org.jobpool.Queue"}) {
    const json text = client.call("org.varlink.service.GetInterfaceDescription", {{"interface", name}})["description"];
    CHECK(text.get<std::string>().find(std::string("interface ") + name) != std::string::npos);
  }
  const auto error_of = [&](const char* method, const json& parameters) { return client.reply_to(method, parameters)["error"]; };
  CHECK(error_of("org.varlink.service.GetInterfaceDescription", {{"interface", "no.such"}}) == "org.varlink.service.InterfaceNotFound");
  CHECK(error_of("no.such.Method", json::object()) == "org.varlink.service.InterfaceNotFound");
  CHECK(error_of("org.jobpool.Pool.NoSuchMethod", json::object()) == "org.varlink.service.MethodNotFound");
  CHECK(error_of("org.jobpool.Job.List", json::object()) == "org.varlink.service.ExpectedMore");
  const json wrong = client.reply_to("org.jobpool.Job.Show", {{"id", "seven"}});
  CHECK(wrong["error"] == "org.varlink.service.InvalidParameter");
  CHECK(wrong["parameters"]["parameter"] == "id");
  CHECK(error_of("org.jobpool.Pool.Hello", {{"surplus", 1}}) == "org.varlink.service.InvalidParameter");
}

TEST_CASE("a list is streamed with continues, and its end has none") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  for (int count = 0; count < 3; ++count) {
    client.call("org.jobpool.Pool.Apply", {{"job", {{"function", "square"}, {"arguments", "[1]"}}}});
  }
  client.send("org.jobpool.Job.List", json::object(), {{"more", true}});
  int jobs = 0;
  for (;;) {
    const auto reply = client.receive();
    REQUIRE(reply);
    REQUIRE_FALSE(reply->contains("error"));
    if (reply->value("parameters", json::object()).contains("job")) ++jobs;
    if (!reply->value("continues", false)) break;
  }
  CHECK(jobs == 3);
}

TEST_CASE("a oneway call is done and not answered") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  const json job = {{"job", {{"function", "square"}, {"arguments", "[1]"}, {"name", "quiet"}}}};
  client.send("org.jobpool.Pool.ApplyAsync", job, {{"oneway", true}});
  CHECK(client.call("org.jobpool.Pool.Hello").contains("instance"));  // the first reply is Hello's
  CHECK(daemon.run({"list"}).out.find("quiet") != std::string::npos);
}
