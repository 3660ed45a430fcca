// Calls with large arguments: written around them, and checked by what is known of their text.
#include "proto/large_call.hpp"
#include "proto/envelope.hpp"
#include "proto/json_string.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool::proto;

namespace {

// "": the submission was taken.
std::string refused_field(const std::string& job) {
  const std::string message = R"({"method":"org.jobpool.Pool.Apply","parameters":{"job":)" + job + "}}";
  const auto call = read_call(message);
  REQUIRE(call);
  const auto read = read_submit(call->parameters);
  return read ? "" : read.error().text;
}

}  // namespace

TEST_CASE("a call around large arguments is the call with them, once they are put in") {
  Submission job;
  job.function = "echo \"arguments\":\"\"";
  job.key = "k";
  job.priority = 3;
  job.arguments = R"(["a\"就",1])";
  auto [text, at] = write_submit_around("org.jobpool.Pool.Apply", job);
  std::string escaped;
  append_json_escaped(escaped, job.arguments);
  text.insert(at, escaped);
  CHECK(text == write_call("org.jobpool.Pool.Apply", write_submit(job)));
  CHECK(text == write_submit_call("org.jobpool.Pool.Apply", job));
}

TEST_CASE("long runs that are known of a message change nothing but the time its check takes") {
  const std::string large(20'000, 'x');
  const std::string arguments = R"([\")" + large + R"(\\\"\",\")" + large + R"(\"])";
  const std::string job = R"({"function":"echo","arguments":")" + arguments + R"("})";
  const std::string message = R"({"method":"org.jobpool.Pool.Apply","parameters":{"job":)" + job + "}}";
  LongRuns runs;
  for (std::size_t at = message.find(large); at != message.npos; at = message.find(large, at + 1)) runs.add(at, at + large.size());
  const auto call = read_call(message, &runs);
  REQUIRE(call);
  const auto read = read_submit(call->parameters);
  REQUIRE(read);
  CHECK(read->arguments == R"([")" + large + R"(\"",")" + large + R"("])");
  CHECK(refused_field(R"({"function":"echo","arguments":"[\")" + large + R"("})") == "job.arguments");
  CHECK(refused_field(R"({"function":"echo","arguments":"[\")" + large + R"(\n\"]"})") == "job.arguments");
  CHECK(refused_field(R"({"function":"echo","arguments":"[\")" + large + R"(\\x\"]"})") == "job.arguments");
  CHECK(refused_field(R"({"function":"echo","arguments":"[\")" + large + R"(\"]"})").empty());
}

namespace {

class Room final : public ArgumentsRoom {
 public:
  explicit Room(std::size_t least) : ArgumentsRoom(least) {}
  char* make(const Submission& job, std::size_t most) override {
    function = job.function.value_or("");
    pool = job.pool;
    bytes.resize(most);
    return bytes.data();
  }
  void on_more(std::string_view arguments) override {
    CHECK(arguments.data() == bytes.data());
    CHECK(arguments.size() >= told);
    told = arguments.size();
  }

  std::string function, pool, bytes;
  std::size_t told = 0;
};

JsonText json_of(const std::string& text) {
  const auto checked = JsonText::check(text, kMaxMessageDepth);
  REQUIRE(checked);
  return *checked;
}

}  // namespace

TEST_CASE("large arguments are read to where their reader wants them, whose function and pool it is told of before") {
  Submission job;
  job.function = "echo";
  job.pool = "images";
  job.arguments = "[\"";
  for (int i = 0; i < 3'000; ++i) job.arguments += "some text, é\\n\\\"";
  job.arguments += std::string(40'000, 'x') + "\"]";
  const std::string text = write_submit(job);
  Room room(64 * 1024);
  const auto read = read_submit_to(json_of(text), room);
  REQUIRE(read);
  CHECK(read->large_arguments == job.arguments);
  CHECK(read->large_arguments.data() == room.bytes.data());
  CHECK(read->arguments == "[]");
  CHECK(room.told == job.arguments.size());
  CHECK(room.function == "echo");
  CHECK(room.pool == "images");

  Room for_larger(1024 * 1024);
  const auto plain = read_submit_to(json_of(text), for_larger);
  REQUIRE(plain);
  CHECK(plain->large_arguments.empty());
  CHECK(plain->arguments == job.arguments);
  CHECK(for_larger.bytes.empty());
}

TEST_CASE("what may not be in arguments may not be in large ones, and the field is named") {
  const auto refused = [](const std::string& job) {
    const std::string text = "{\"job\":" + job + "}";
    Room room(16);
    const auto read = read_submit_to(json_of(text), room);
    return read ? std::string() : read.error().text;
  };
  CHECK(refused(R"({"function":"echo","arguments":"[123456789012345]"})").empty());
  CHECK(refused(R"({"function":"echo","arguments":"[123456789012345"})") == "job.arguments");
  CHECK(refused(R"({"function":"echo","arguments":"[\"12345678901234\u0000\"]"})") == "job.arguments");
  CHECK(refused(R"({"function":"echo","arguments":"[123456789012345]","items":"[[1]]"})") == "job.arguments");
  CHECK(refused(R"({"function":"echo","arguments":"[123456789012345]","arguments":null})") == "job.arguments");
  CHECK(refused(R"({"command":["echo"],"arguments":"[123456789012345]"})") == "job.arguments");
  CHECK(refused(R"({"arguments":"[123456789012345]"})") == "job.arguments");
  CHECK(refused(R"({"function":"echo","arguments":"[123456789012345]","nothing":1})") == "job.nothing");
  CHECK(refused("{\"function\":\"echo\",\"arguments\":\"[" + std::string(kMaxPayloadBytes, '1') + "]\"}") == "job.arguments");
}
