// Replies: round trips, what their readers insist on and what they ignore.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"
#include "tests/unit/proto/refused.hpp"
#include "tests/unit/proto/samples.hpp"

using namespace std::string_literals;
using namespace jobpool;
using namespace jobpool::proto;
using nlohmann::json;

namespace {

// Takes each member of `object` away in turn, and in turn gives it a type that no field has: how often did `read` refuse both?
// Every refusal must be a protocol error that names the field.
template <class Read>
void check_members(const json& whole, const json::json_pointer& place, const std::vector<std::string>& optional_fields, Read read) {
  for (const auto& [name, value] : whole.at(place).items()) {
    json without = whole, odd = whole;
    without.at(place).erase(name);
    odd.at(place)[name] = 1.5;
    INFO(name);
    const bool is_optional = std::find(optional_fields.begin(), optional_fields.end(), name) != optional_fields.end();
    CHECK(static_cast<bool>(read(without)) == is_optional);
    const auto refused = read(odd);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::protocol);
    CHECK(refused.error().text.find(name) != std::string::npos);
  }
  json newer = whole;
  newer.at(place)["fieldOfALaterVersion"] = {{"x", 1}};
  newer["another"] = nullptr;
  CHECK(read(newer));
}

const std::vector<std::string> kOptionalOfEnding{"exitCode",        "signal",       "reason",          "errorType",  "result",
                                                 "stdout",          "stdoutBase64", "stdoutTruncated", "stderr",     "stderrBase64",
                                                 "stderrTruncated", "userUSec",     "systemUSec",      "maxRssBytes"};
const std::vector<std::string> kOptionalOfJob{"name", "outcome",     "exitCode",  "signal",   "reason",     "errorType",  "worker",
                                              "pid",  "startedUSec", "endedUSec", "userUSec", "systemUSec", "maxRssBytes"};

const std::vector<std::string> kOptionalOfScheduledJob{"durable", "priority", "retries", "notBeforeUSec", "waitingFor",
                                                       "after",   "afterAny", "key",     "attempts"};
const std::vector<std::string> kOptionalOfAttempt{"worker", "pid",      "startedUSec", "endedUSec",   "outcome", "exitCode",
                                                  "signal", "userUSec", "systemUSec",  "maxRssBytes", "reason",  "errorType"};

}  // namespace

TEST_CASE("an ending comes back as it was written, whatever its output is") {
  for (const std::string& output : {""s, "plain\n"s, "就绪"s, "\xFF\xFE"s, "a\0b"s, std::string(kMaxOutputInReply, '\x80')}) {
    Ending ending = full_ending();
    ending.standard_output = {output, !output.empty()};
    ending.standard_error = {output + "!", false};
    const auto read = read_ending(text_of(parsed(write_ending(ending))));
    REQUIRE(read);
    CHECK(read->id == ending.id);
    CHECK(read->outcome == ending.outcome);
    CHECK(read->exit_code == ending.exit_code);
    CHECK(read->signal == ending.signal);
    CHECK(read->reason == ending.reason);
    CHECK(read->error_type == ending.error_type);
    CHECK(read->result == ending.result);
    CHECK(read->standard_output.bytes == output);
    CHECK(read->standard_output.truncated == !output.empty());
    CHECK(read->standard_error.bytes == output + "!");
    CHECK_FALSE(read->standard_error.truncated);
    REQUIRE(read->resources);
    CHECK(read->resources->user_usec == ending.resources->user_usec);
    CHECK(read->resources->system_usec == ending.resources->system_usec);
    CHECK(read->resources->max_rss_bytes == ending.resources->max_rss_bytes);
  }
}

TEST_CASE("every outcome and every state comes back") {
  for (int i = 0; i < 8; ++i) {
    Ending ending;
    ending.id = JobId{1};
    ending.outcome = static_cast<Outcome>(i);
    const auto read = read_ending(text_of(parsed(write_ending(ending))));
    REQUIRE(read);
    CHECK(read->outcome == ending.outcome);
    CHECK_FALSE((read->result || read->exit_code || read->signal || read->resources));
  }
  for (int i = 0; i < 4; ++i) {
    Job job;
    job.id = JobId{1};
    job.state = static_cast<JobState>(i);
    CHECK(read_job(text_of(parsed(write_job(job))))->state == job.state);
  }
}

TEST_CASE("an ending's reader insists on what is required and names what is off") {
  const json whole = parsed(write_ending(full_ending()));
  const auto read = [](const json& parameters) { return read_ending(text_of(parameters)); };
  check_members(whole, "/ending"_json_pointer, kOptionalOfEnding, read);
  Ending binary = full_ending();
  binary.standard_output.bytes = binary.standard_error.bytes = "\xFF";
  check_members(parsed(write_ending(binary)), "/ending"_json_pointer, kOptionalOfEnding, read);
  json odd = whole;
  odd["ending"]["outcome"] = "vanished";
  CHECK_FALSE(read_ending(text_of(odd)));
  for (const json& parameters : {json(), json::object(), json{{"ending", 7}}, json{{"ending", nullptr}}})
    CHECK_FALSE(read_ending(text_of(parameters)));
}

TEST_CASE("a job comes back as it was written, and its reader names what is off") {
  const Job job = full_job();
  const auto read = read_job(text_of(parsed(write_job(job))));
  REQUIRE(read);
  CHECK(write_job(*read) == write_job(job));
  CHECK(read->id == job.id);
  CHECK(read->worker == job.worker);
  CHECK(read->ended_usec == job.ended_usec);
  check_members(parsed(write_job(job)), "/job"_json_pointer, kOptionalOfJob,
                [](const json& parameters) { return read_job(text_of(parameters)); });
}

TEST_CASE("a job's terms and attempts come back as they were written, and their readers name what is off") {
  const Job job = full_scheduled_job();
  const json whole = parsed(write_job(job));
  const auto read = read_job(text_of(whole));
  REQUIRE(read);
  CHECK(write_job(*read) == write_job(job));
  CHECK(read->durable == true);
  CHECK(read->priority == -7);
  CHECK(read->retries == 3);
  CHECK(read->not_before_usec == job.not_before_usec);
  CHECK(read->waiting_for == job.waiting_for);
  CHECK(read->after == job.after);
  CHECK(read->after_any == job.after_any);
  CHECK(read->key == job.key);
  REQUIRE(read->attempts.size() == 2);
  CHECK(read->attempts[0].outcome == Outcome::failed);
  CHECK(read->attempts[0].reason == "so it was");
  CHECK(read->attempts[1].number == 2);
  CHECK_FALSE(read->attempts[1].outcome);
  const auto read_again = [](const json& parameters) { return read_job(text_of(parameters)); };
  check_members(whole, "/job"_json_pointer, kOptionalOfScheduledJob, read_again);
  check_members(whole, "/job/attempts/0"_json_pointer, kOptionalOfAttempt, read_again);
}

TEST_CASE("a job of a daemon that is older than the terms is read, and says nothing of them") {
  const auto read = read_job(text_of(parsed(write_job(full_job()))));
  REQUIRE(read);
  CHECK_FALSE((read->durable || read->priority || read->retries || read->not_before_usec));
  CHECK((read->waiting_for.empty() && read->after.empty() && read->after_any.empty() && read->key.empty() && read->attempts.empty()));
}

TEST_CASE("a status comes back as it was written, and its reader names what is off") {
  const Status status = full_status();
  const json whole = parsed(write_status(status));
  const auto read = read_status(text_of(whole));
  REQUIRE(read);
  CHECK(write_status(*read) == write_status(status));
  CHECK(read->pools.size() == 2);
  const auto read_again = [](const json& parameters) { return read_status(text_of(parameters)); };
  check_members(whole, ""_json_pointer, {}, read_again);
  check_members(whole, "/pools/1"_json_pointer, {}, read_again);
  Status empty = status;
  empty.pools.clear();
  CHECK(read_status(text_of(parsed(write_status(empty))))->pools.empty());
}

TEST_CASE("a hello comes back as it was written, and its reader names what is off") {
  const json whole = parsed(write_hello(full_hello()));
  CHECK(write_hello(*read_hello(text_of(whole))) == write_hello(full_hello()));
  check_members(whole, ""_json_pointer, {}, [](const json& parameters) { return read_hello(text_of(parameters)); });
}

TEST_CASE("the small replies come back as they were written") {
  CHECK(*read_accepted(text_of(parsed(write_accepted(JobId{9})))) == JobId{9});
  check_members(parsed(write_accepted(JobId{9})), ""_json_pointer, {},
                [](const json& parameters) { return read_accepted(text_of(parameters)); });
  for (const std::vector<JobId>& ids : {std::vector<JobId>{}, {JobId{1}}, {JobId{3}, JobId{2}}})
    CHECK(*read_ids("cancelled", text_of(parsed(write_ids("cancelled", ids)))) == ids);
  CHECK(write_ids("cancelled", {}) == R"({"cancelled":[]})");
  CHECK_FALSE(read_ids("cancelled", text_of(parsed(R"({"cancelled":[0]})"))));
  CHECK(*read_count("removed", text_of(parsed(write_count("removed", 7)))) == 7);
  CHECK_FALSE(read_count("removed", text_of(parsed(R"({"removed":-1})"))));
  for (const bool flag : {false, true}) CHECK(*read_flag("ready", text_of(parsed(write_flag("ready", flag)))) == flag);
  CHECK_FALSE(read_flag("ready", text_of(json::object())));
  const auto place = read_log_place(text_of(parsed(write_log_place({2, true}))));
  REQUIRE(place);
  CHECK(place->descriptor == 2);
  CHECK(place->running);
  CHECK_FALSE(read_log_place(text_of(parsed(R"({"descriptor":16,"running":true})"))));
}

TEST_CASE("the objects for --json are what the replies hold") {
  CHECK(ending_object(full_ending()) == parsed(write_ending(full_ending())).at("ending"));
  CHECK(job_object(full_job()) == parsed(write_job(full_job())).at("job"));
}

TEST_CASE("texts that came from a worker are valid in a reply even when they were not") {
  Ending ending = full_ending();
  ending.reason = "bad \xFF byte";
  ending.error_type = "T\0"s;
  const auto read = read_ending(text_of(parsed(write_ending(ending))));
  REQUIRE(read);
  CHECK(read->reason == "bad \uFFFD byte");
  CHECK(read->error_type == "T\uFFFD");
}
