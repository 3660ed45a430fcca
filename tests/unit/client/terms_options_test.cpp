// When a job runs, and how often: from options to the submission.
#include "client/cli/context.hpp"
#include "client/cli/submission_options.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

struct Line {
  Context context;
  Options options{context, {"verb", "", ""}, Options::Operands::end_options};
  SubmissionOptions submission;
  Options::Parsed parsed;

  explicit Line(const std::vector<std::string>& words) {
    submission.declare(options);
    parsed = options.parse(words);
  }
  Result<SubmissionCall> build(OwnStreams streams = OwnStreams::none) {
    REQUIRE_FALSE(parsed.exit_code);
    return submission.build(context, parsed, streams);
  }
};

proto::Submission built(const std::vector<std::string>& words) {
  const Result<SubmissionCall> call = Line(words).build();
  REQUIRE(call);
  return call->job;
}

}  // namespace

TEST_CASE("every term has its option") {
  const proto::Submission job =
      built({"--durable", "--priority", "-7",        "--delay", "1m",        "--after", "3,4",       "--after", "9",  "--after-any=5",
             "--retries", "3",          "--backoff", "250ms",   "--timeout", "1h",      "--if-full", "block",   "--", "true"});
  CHECK(job.durable == true);
  CHECK(job.priority == -7);
  CHECK(job.delay == std::chrono::minutes{1});
  CHECK_FALSE(job.at_usec);
  CHECK(job.after == std::vector{JobId{3}, JobId{4}, JobId{9}});
  CHECK(job.after_any == std::vector{JobId{5}});
  CHECK(job.retries == 3);
  CHECK(job.backoff == std::chrono::milliseconds{250});
  CHECK(job.timeout == std::chrono::hours{1});
  CHECK(job.if_full == proto::IfFull::block);
  const proto::Submission function = built({"--ephemeral", "--at", "@1800000000", "--if-full", "fail", "@f"});
  CHECK(function.durable == false);
  CHECK(function.at_usec == 1'800'000'000'000'000);
  CHECK(function.if_full == proto::IfFull::fail);
}

TEST_CASE("without options the terms are the daemon's own") {
  CHECK(proto::write_submit(built({"@f"})).find("durable") == std::string::npos);
  const proto::Submission job = built({"true"}), defaults;
  CHECK_FALSE((job.durable || job.at_usec || job.if_full));
  CHECK((job.priority == defaults.priority && job.retries == defaults.retries && job.delay == defaults.delay));
  CHECK((job.backoff == defaults.backoff && job.timeout == defaults.timeout && job.after.empty() && job.after_any.empty()));
}

TEST_CASE("values out of their range are usage errors, told by the option's name") {
  const std::pair<const char*, const char*> wrong[] = {
      {"--priority", "1001"}, {"--priority", "-1001"}, {"--priority", "1.5"}, {"--priority", ""},       {"--priority", "high"},
      {"--retries", "-1"},    {"--retries", "10001"},  {"--delay", "soon"},   {"--delay", "3651d"},     {"--at", "tomorrow"},
      {"--after", "x"},       {"--after", "0"},        {"--after", ""},       {"--after-any", "3,,4"},  {"--if-full", "wait"},
      {"--backoff", "-1"},    {"--timeout", "1x"},     {"--if-full", ""},     {"--timeout", "100000d"}, {"--retries", "3 "}};
  for (const auto& [option, value] : wrong) {
    INFO(option << " " << value);
    CHECK(Line({option, value, "true"}).parsed.exit_code == 2);
  }
  CHECK_FALSE(Line({"--priority", "1000", "true"}).parsed.exit_code);
  CHECK_FALSE(Line({"--retries", "10000", "true"}).parsed.exit_code);
}

TEST_CASE("options that contradict each other are usage errors") {
  const std::vector<std::string> wrong[] = {{"--durable", "--ephemeral", "true"},
                                            {"--delay", "1s", "--at", "18:00", "true"},
                                            {"--backoff", "61m", "true"},
                                            {"--after", "last", "--at", "18:00", "--delay", "0", "true"}};
  for (const std::vector<std::string>& words : wrong) CHECK(Line(words).build().error().code == Errc::invalid_argument);
  CHECK(built({"--backoff", "1h", "true"}).backoff == std::chrono::hours{1});
}

TEST_CASE("a job comes after 10,000 others at most") {
  std::string list = "1";
  for (int id = 2; id <= 10'000; ++id) list += "," + std::to_string(id);
  CHECK(built({"--after", list, "true"}).after.size() == 10'000);
  CHECK(Line({"--after", list, "--after-any", "1", "true"}).build().error().code == Errc::invalid_argument);
}

TEST_CASE("a durable job gets no descriptor of ours, which would end with us") {
  const Result<SubmissionCall> call = Line({"--durable", "true"}).build(OwnStreams::all);
  REQUIRE(call);
  CHECK(call->fds.empty());
  CHECK_FALSE((call->job.stdin_index || call->job.stdout_index || call->job.stderr_index));
  const jobpool::testing::TempDir folder;
  const Result<SubmissionCall> with_file = Line({"--durable", "--output", folder.file("out"), "true"}).build();
  REQUIRE_FALSE(with_file);
  CHECK(with_file.error().code == Errc::invalid_argument);
  CHECK(with_file.error().text.find("--output") != std::string::npos);
}
