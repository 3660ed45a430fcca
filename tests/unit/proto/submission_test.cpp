// The strict reading of submissions: each rule by an example that breaks it, and the round trip of what keeps them.
#include <nlohmann/json.hpp>

#include "proto/envelope.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"
#include "tests/unit/proto/samples.hpp"

using namespace std::string_literals;
using namespace jobpool::proto;
using jobpool::Errc;
using jobpool::Microseconds;
using jobpool::text_of;
using nlohmann::json;

namespace {

// As the broker gets it: through the envelope, whose reader tells of duplicate keys.
JsonObject parameters_of(const std::string& parameters) {
  const std::string message = "{\"method\":\"org.jobpool.Pool.Apply\",\"parameters\":" + parameters + "}";
  const auto call = read_call(message);
  REQUIRE(call);
  return JsonObject(call->parameters);
}

// The path of the field that was refused; "": the submission was taken.
std::string refused(const std::string& job) {
  const auto read = read_submit(parameters_of("{\"job\":" + job + "}"));
  if (read) return "";
  CHECK(read.error().code == Errc::invalid_argument);
  return read.error().text;
}

// A valid command with this field too.
std::string refused_with(const std::string& field) { return refused(R"({"command":["x"],)" + field + "}"); }

Submission read_back(const Submission& job) {
  auto read = read_submit(parameters_of(write_submit(job)));
  REQUIRE(read);
  return *std::move(read);
}

std::string many_words(std::size_t count) {
  std::string text = "[\"x\"";
  for (std::size_t i = 1; i < count; ++i) text += ",\"x\"";
  return text + "]";
}

}  // namespace

TEST_CASE("no more is inherited than there is, and where there is none, none") {
  const std::string two = R"("environment":["A=1","B=2"],"inherited":)";
  CHECK(refused_with(two + "0") == "");
  CHECK(refused_with(two + "2") == "");
  CHECK(refused_with(two + "3") == "job.inherited");
  CHECK(refused_with(two + "-1") == "job.inherited");
  CHECK(refused_with(two + "true") == "job.inherited");
  CHECK(refused_with(R"("inherited":0)") == "");
  CHECK(refused_with(R"("inherited":1)") == "job.inherited");
  CHECK(read_back(inheriting_command()).inherited == 2);
}

TEST_CASE("absent and null fields keep their defaults") {
  for (const std::string& text :
       {R"({"command":["true"]})"s,
        R"({"command":["true"],"function":null,"arguments":null,"commandBase64":null,"cwd":null,"cwdBase64":null,"environment":null,
            "environmentBase64":null,"umask":null,"nice":null,"stdin":null,"stdout":null,"stderr":null,"stdinFile":null,"stdinFileBase64":null,
            "graceUSec":null,"name":null,"pool":null,"key":null,"detach":null,"durable":null,"priority":null,"delayUSec":null,
            "atUSec":null,"after":null,"afterAny":null,"retries":null,"backoffUSec":null,"timeoutUSec":null,"ifFull":null})"s}) {
    const auto job = read_submit(parameters_of("{\"job\":" + text + "}"));
    REQUIRE(job);
    CHECK(job->command == std::vector<std::string>{"true"});
    CHECK_FALSE(job->function);
    CHECK(job->arguments == "[]");
    CHECK(job->cwd == "/");
    CHECK_FALSE(job->environment);
    CHECK(job->umask == 022);
    CHECK_FALSE(job->nice);
    CHECK_FALSE((job->stdin_index || job->stdout_index || job->stderr_index));
    CHECK(job->stdin_file.empty());
    CHECK(job->grace == Microseconds(5'000'000));
    CHECK(job->name.empty());
    CHECK(job->pool == "default");
    CHECK(job->key.empty());
    CHECK_FALSE(job->detach);
    CHECK_FALSE((job->durable || job->at_usec || job->if_full));
    CHECK((job->priority == 0 && job->retries == 0));
    CHECK((job->delay == Microseconds(0) && job->timeout == Microseconds(0) && job->backoff == Microseconds(1'000'000)));
    CHECK((job->after.empty() && job->after_any.empty()));
  }
}

TEST_CASE("a submission is one object under 'job', and nothing else") {
  const auto refused_at_top = [](const std::string& parameters) { return read_submit(parameters_of(parameters)).error().text; };
  CHECK(refused_at_top("{}") == "job");
  CHECK(refused_at_top("null") == "job");
  CHECK(refused_at_top(R"({"job":null})") == "job");
  CHECK(refused_at_top(R"({"job":["x"]})") == "job");
  CHECK(refused_at_top(R"({"job":{"command":["x"]},"more":1})") == "more");
  CHECK(refused_at_top(R"({"job":{"command":["x"]},"job":{"command":["x"]}})") == "job");
  CHECK(refused_at_top(R"({"":1,"job":{"command":["x"]}})") == "parameters");
  CHECK(read_submit(text_of(json())).error().text == "job");
  CHECK(read_submit(text_of(json::array())).error().text == "parameters");
}

TEST_CASE("exactly one of function and command is given") {
  CHECK(refused("{}") == "job.function");
  CHECK(refused(R"({"function":""})") == "job.function");
  CHECK(refused(R"({"function":"f","command":["x"]})") == "job.command");
  CHECK(refused(R"({"function":"f","commandBase64":["eA=="]})") == "job.command");
  CHECK(refused(R"({"command":["x"],"commandBase64":["eA=="]})") == "job.commandBase64");
  CHECK(refused(R"({"function":7})") == "job.function");
  CHECK(refused(R"({"function":")" + std::string(257, 'f') + "\"}") == "job.function");
}

TEST_CASE("a command has words, and a first one that is not empty") {
  for (const char* command : {"[]", "[\"\"]", "\"x\"", "{}", "7", "[7]", "[null]", "[\"x\",[]]", "[\"x\\u0000\"]"})
    CHECK(refused(std::string("{\"command\":") + command + "}") == "job.command");
  CHECK(refused(R"({"command":["x",""]})") == "");
  CHECK(refused("{\"command\":" + many_words(100'000) + "}") == "");
  CHECK(refused("{\"command\":" + many_words(100'001) + "}") == "job.command");
  CHECK(refused(R"({"commandBase64":["eA==","eA="]})") == "job.commandBase64");
  CHECK(refused(R"({"commandBase64":["eA==",7]})") == "job.commandBase64");
  CHECK(refused(R"({"commandBase64":["eAB4"]})") == "job.command");  // "x\0x"
  CHECK(refused(R"({"commandBase64":["eP94"]})") == "");             // "x\xFFx"
}

TEST_CASE("arguments are the JSON text of an array, of a function") {
  const auto refused_arguments = [](const std::string& arguments) {
    return refused("{\"function\":\"f\",\"arguments\":" + json(arguments).dump() + "}");
  };
  CHECK(refused_arguments("[]") == "");
  CHECK(refused_arguments(" [1, {\"a\":\"\\u0000\"}] ") == "");
  for (const char* arguments : {"", "{}", "7", "[", "[1,]", "[] x", "null", "[NaN]"})
    CHECK(refused_arguments(arguments) == "job.arguments");
  CHECK(refused_arguments(std::string(512, '[') + std::string(512, ']')) == "");
  CHECK(refused_arguments(std::string(513, '[') + std::string(513, ']')) == "job.arguments");
  CHECK(refused(R"({"function":"f","arguments":[]})") == "job.arguments");
  CHECK(refused_with(R"("arguments":"[]")") == "job.arguments");
  const std::string largest = "[\"" + std::string(kMaxPayloadBytes - 4, 'a') + "\"]";
  CHECK(refused_arguments(largest) == "");
  CHECK(refused_arguments(largest + " ") == "job.arguments");
}

TEST_CASE("paths are absolute, without NUL, of at most 4,095 bytes") {
  for (const std::string field : {"cwd", "stdinFile"}) {
    for (const char* path : {"\"\"", "\"x\"", "\"./x\"", "7", "[\"/\"]", "\"/\\u0000\"", "true"})
      CHECK(refused_with("\"" + field + "\":" + path) == "job." + field);
    CHECK(refused_with("\"" + field + "\":\"/tmp\"") == "");
    CHECK(refused_with("\"" + field + "Base64\":\"L/8=\"") == "");
    CHECK(refused_with("\"" + field + "Base64\":\"eA==\"") == "job." + field);
    CHECK(refused_with("\"" + field + "Base64\":\"LwA=\"") == "job." + field);
    CHECK(refused_with("\"" + field + "Base64\":\"L\"") == "job." + field + "Base64");
    CHECK(refused_with("\"" + field + "\":\"/\",\"" + field + "Base64\":\"Lw==\"") == "job." + field + "Base64");
    CHECK(refused_with("\"" + field + "\":\"" + std::string(4'095, '/') + "\"") == "");
    CHECK(refused_with("\"" + field + "\":\"" + std::string(4'096, '/') + "\"") == "job." + field);
  }
  CHECK(refused_with(R"("stdin":0,"stdinFile":"/dev/null")") == "job.stdinFile");
}

TEST_CASE("an environment is made of NAME=value") {
  CHECK(refused_with(R"("environment":[])") == "");
  CHECK(refused_with(R"("environment":["A=","B=c=d"])") == "");
  for (const char* environment : {"[\"\"]", "[\"A\"]", "[\"=x\"]", "[\"A=\\u0000\"]", "\"A=b\"", "[7]", "{}"})
    CHECK(refused_with(std::string("\"environment\":") + environment) == "job.environment");
  CHECK(refused_with(R"("environmentBase64":["QT3/"])") == "");  // "A=\xFF"
  CHECK(refused_with(R"("environmentBase64":["QQ=="])") == "job.environment");
  CHECK(refused_with(R"("environmentBase64":["QT0A"])") == "job.environment");
  CHECK(refused_with(R"("environment":["A=b"],"environmentBase64":["QT3/"])") == "job.environmentBase64");
}

TEST_CASE("command and environment together hold at most 16 MiB") {
  const std::string half = std::string(kMaxPayloadBytes / 2, 'x');
  CHECK(refused("{\"command\":[\"" + half + "\",\"" + half + "\"]}") == "job.command");
  CHECK(refused("{\"command\":[\"" + half + "\"],\"environment\":[\"A=" + half + "\"]}") == "job.environment");
}

TEST_CASE("numbers are integers within their range") {
  const struct {
    std::string field;
    std::int64_t min, max;
  } rules[] = {{"umask", 0, 0777},
               {"nice", -20, 19},
               {"stdin", 0, 15},
               {"stdout", 0, 15},
               {"stderr", 0, 15},
               {"graceUSec", 0, 86'400'000'000},
               {"priority", -1000, 1000},
               {"delayUSec", 0, 315'360'000'000'000},
               {"atUSec", 0, 7'258'118'400'000'000},
               {"retries", 0, 10'000},
               {"backoffUSec", 0, 3'600'000'000},
               {"timeoutUSec", 0, 315'360'000'000'000}};
  for (const auto& [field, min, max] : rules) {
    const auto refused_value = [&name = field](const std::string& value) { return refused_with("\"" + name + "\":" + value); };
    CHECK(refused_value(std::to_string(min)) == "");
    CHECK(refused_value(std::to_string(max)) == "");
    CHECK(refused_value(std::to_string(min - 1)) == "job." + field);
    CHECK(refused_value(std::to_string(max + 1)) == "job." + field);
    for (const char* value : {"1.5", "1.0", "1e1", "\"1\"", "true", "[1]", "{}", "18446744073709551615", "99999999999999999999"})
      CHECK(refused_value(value) == "job." + field);
  }
}

TEST_CASE("names are not empty, hold no U+0000 and are short") {
  const std::pair<std::string, std::size_t> rules[] = {{"name", 256}, {"pool", 256}, {"key", kMaxKeyBytes}};
  for (const auto& [field, max_bytes] : rules) {
    const auto refused_value = [&name = field](const std::string& value) { return refused_with("\"" + name + "\":" + value); };
    CHECK(refused_value("\"" + std::string(max_bytes, 'k') + "\"") == "");
    CHECK(refused_value("\"" + std::string(max_bytes + 1, 'k') + "\"") == "job." + field);
    for (const char* value : {"\"\"", "\"a\\u0000\"", "7", "false", "[\"a\"]"}) CHECK(refused_value(value) == "job." + field);
  }
}

TEST_CASE("a memory limit leaves a command something to begin in") {
  CHECK(refused_with(R"("memoryBytes":4194304)") == "");
  for (const char* value : {"4194303", "1", "0", "-1"}) CHECK(refused_with(std::string("\"memoryBytes\":") + value) == "job.memoryBytes");
}

TEST_CASE("durable is a boolean, and a full queue fails or blocks") {
  for (const char* value : {"0", "1", "\"true\"", "[]"}) CHECK(refused_with(std::string("\"durable\":") + value) == "job.durable");
  for (const char* value : {"\"fail\"", "\"block\""}) CHECK(refused_with(std::string("\"ifFull\":") + value) == "");
  for (const char* value : {"\"\"", "\"Fail\"", "\"wait\"", "true", "0", "[\"fail\"]"})
    CHECK(refused_with(std::string("\"ifFull\":") + value) == "job.ifFull");
}

TEST_CASE("a job waits for a while or until a point of time, not both") {
  CHECK(refused_with(R"("delayUSec":1,"atUSec":1)") == "job.atUSec");
  CHECK(refused_with(R"("delayUSec":0,"atUSec":1)") == "job.atUSec");
  CHECK(refused_with(R"("delayUSec":null,"atUSec":1)") == "");
  CHECK(refused_with(R"("delayUSec":1,"atUSec":null)") == "");
}

TEST_CASE("a job depends on at most 10,000 others, by their ids") {
  const auto list = [](std::size_t count) {
    std::string text = "[1";
    for (std::size_t i = 1; i < count; ++i) text += ",1";
    return text + "]";
  };
  for (const std::string field : {"after", "afterAny"}) {
    const auto refused_value = [&](const std::string& value) { return refused_with("\"" + field + "\":" + value); };
    for (const char* value : {"[]", "[1]", "[9223372036854775807]"}) CHECK(refused_value(value) == "");
    for (const char* value : {"1", "\"1\"", "[0]", "[-1]", "[1.0]", "[\"1\"]", "[null]", "[1,[2]]", "{}", "[9223372036854775808]"})
      CHECK(refused_value(value) == "job." + field);
    CHECK(refused_value(list(10'000)) == "");
    CHECK(refused_value(list(10'001)) == "job." + field);
  }
  CHECK(refused_with("\"after\":" + list(5'000) + ",\"afterAny\":" + list(5'000)) == "");
  CHECK(refused_with("\"after\":" + list(5'000) + ",\"afterAny\":" + list(5'001)) == "job.afterAny");
}

TEST_CASE("a job's terms come back as they were submitted") {
  Submission job = delayed_command();
  const Submission delayed = read_back(job);
  CHECK(delayed.durable == true);
  CHECK(delayed.priority == -1000);
  CHECK(delayed.delay == job.delay);
  CHECK_FALSE(delayed.at_usec);
  CHECK(delayed.after == job.after);
  CHECK(delayed.after_any == job.after_any);
  CHECK(delayed.retries == 10'000);
  CHECK(delayed.backoff == Microseconds(0));
  CHECK(delayed.timeout == job.timeout);
  CHECK(delayed.if_full == IfFull::block);
  job = timed_function();
  const Submission timed = read_back(job);
  CHECK(timed.durable == false);
  CHECK(timed.at_usec == job.at_usec);
  CHECK(timed.if_full == IfFull::fail);
}

TEST_CASE("detach is a boolean") {
  CHECK(refused_with(R"("detach":false)") == "");
  for (const char* value : {"0", "1", "\"true\"", "[]"}) CHECK(refused_with(std::string("\"detach\":") + value) == "job.detach");
}

TEST_CASE("a field that nobody knows is refused by its name, cut where that is long") {
  CHECK(refused_with(R"("umaks":18)") == "job.umaks");
  CHECK(refused_with(R"("umaks":null)") == "job.umaks");
  CHECK(refused_with(R"("":1)") == "job.");
  CHECK(refused_with("\"" + std::string(127, 'k') + "é\":1") == "job." + std::string(127, 'k'));
}

TEST_CASE("a field that is there twice is refused by its name") {
  CHECK(refused_with(R"("umask":18,"umask":18)") == "job.umask");
  CHECK(refused_with(R"("name":"a","name":null)") == "job.name");
  CHECK(refused_with(R"("detach":true,"detach":true)") == "job.detach");
  CHECK(refused(R"({"command":["x"],"command":["x"]})") == "job.command");
  CHECK(refused(R"({"commandBase64":["eA=="],"commandBase64":["eA=="]})") == "job.commandBase64");
  CHECK(refused_with(R"("cwdBase64":"Lw==","cwdBase64":"Lw==")") == "job.cwdBase64");
}

TEST_CASE("a function comes back as it was submitted") {
  Submission job;
  job.function = "thumbnail";
  job.arguments = R"(["就绪\n",{"w":640}])";
  job.grace = Microseconds(0);
  job.name = "nightly";
  job.pool = "images";
  job.key = "k";
  job.detach = true;
  const Submission read = read_back(job);
  CHECK(read.function == job.function);
  CHECK(read.arguments == job.arguments);
  CHECK(read.command.empty());
  CHECK(read.grace == job.grace);
  CHECK(read.name == job.name);
  CHECK(read.pool == job.pool);
  CHECK(read.key == job.key);
  CHECK(read.detach);
}

TEST_CASE("a command comes back as it was submitted, text or not") {
  for (const std::string& odd : {"plain"s, "\xFF\x80 odd"s}) {
    Submission job;
    job.command = {"printf", "%s", odd, ""};
    job.cwd = "/" + odd;
    job.environment = {"A=" + odd, "B="};
    job.umask = 0;
    job.nice = -20;
    job.stdin_file = "/in/" + odd;
    job.stdout_index = 0;
    job.stderr_index = 15;
    const Submission read = read_back(job);
    CHECK(read.command == job.command);
    CHECK(read.cwd == job.cwd);
    CHECK(read.environment == job.environment);
    CHECK(read.umask == 0);
    CHECK(read.nice == -20);
    CHECK(read.stdin_file == job.stdin_file);
    CHECK_FALSE(read.stdin_index);
    CHECK(read.stdout_index == 0);
    CHECK(read.stderr_index == 15);
    const bool is_text = odd == "plain";
    CHECK((write_submit(job).find("Base64") == std::string::npos) == is_text);
  }
}

TEST_CASE("an empty environment is not the default one") {
  Submission job;
  job.command = {"env"};
  job.environment.emplace();
  CHECK(read_back(job).environment == std::vector<std::string>{});
}
