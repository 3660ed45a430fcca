// Calls with large arguments: written around them, and checked by what is known of their text.
#include "proto/envelope.hpp"
#include "proto/json_string.hpp"
#include "proto/messages.hpp"
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
