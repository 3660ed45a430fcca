// From words to a submission.
#include "client/cli/submission_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "client/cli/context.hpp"
#include "client/lib/submission.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

Result<SubmissionCall> build(const std::vector<std::string>& words, OwnStreams streams = OwnStreams::none) {
  Context context;
  Options options(context, {"verb", "", ""}, Options::Operands::end_options);
  SubmissionOptions submission;
  submission.declare(options);
  const Options::Parsed parsed = options.parse(words);
  REQUIRE_FALSE(parsed.exit_code);
  return submission.build(context, parsed, streams);
}

bool holds(const std::vector<std::string>& variables, const std::string& variable) {
  return std::count(variables.begin(), variables.end(), variable) == 1;
}

}  // namespace

TEST_CASE("a command takes the caller's folder, environment and umask along") {
  ::setenv("COLOUR", "blue", 1);
  const Result<SubmissionCall> call = build({"--pool", "mail", "--name", "n", "--grace", "200ms", "--", "make", "-j4"});
  REQUIRE(call);
  CHECK(call->job.command == std::vector<std::string>{"make", "-j4"});
  CHECK_FALSE(call->job.function);
  CHECK(call->job.pool == "mail");
  CHECK(call->job.name == "n");
  CHECK(call->job.grace == Microseconds{200'000});
  CHECK(call->job.cwd == *client::current_directory());
  CHECK(holds(*call->job.environment, "COLOUR=blue"));
  CHECK(call->job.umask == client::current_umask());
  CHECK(call->job.key.size() == 32);
  CHECK(call->fds.empty());
}

// The bug: all of the environment was as if it had been named, so that no two terminals could make the same submission.
TEST_CASE("what the caller merely had comes first, is counted, and is none with --clean-env") {
  ::setenv("COLOUR", "blue", 1);
  const auto all = static_cast<std::ptrdiff_t>(client::current_environment().size());
  const auto named_of = [](const proto::Submission& job) {
    return std::vector<std::string>(job.environment->begin() + static_cast<std::ptrdiff_t>(job.inherited), job.environment->end());
  };
  const proto::Submission plain = build({"--unique", "k", "make"})->job;
  CHECK(static_cast<std::ptrdiff_t>(plain.inherited) == all);
  CHECK(named_of(plain).empty());
  const proto::Submission named = build({"--unique", "k", "--env", "B=1", "--env", "COLOUR=red", "--env", "B=2", "make"})->job;
  CHECK(static_cast<std::ptrdiff_t>(named.inherited) == all - 1);
  CHECK(named_of(named) == std::vector<std::string>{"COLOUR=red", "B=2"});
  CHECK(std::ranges::count_if(*named.environment, [](const std::string& one) { return one.starts_with("COLOUR="); }) == 1);
  CHECK(build({"--unique", "k", "--clean-env", "--env", "B=1", "make"})->job.inherited == 0);
  CHECK(build({"--unique", "k", "@square", "7"})->job.inherited == 0);
  CHECK(build({"make"})->job.inherited == 0);  // its key is its own
}

TEST_CASE("a nice value is what the kernel takes, and for commands only") {
  CHECK(build({"--nice", "-20", "--", "true"})->job.nice == -20);
  CHECK(build({"--nice=19", "true"})->job.nice == 19);
  CHECK_FALSE(build({"true"})->job.nice);
  CHECK(build({"--nice", "5", "@square", "7"}).error().code == Errc::invalid_argument);
  Context context;
  Options options(context, {"verb", "", ""}, Options::Operands::end_options);
  SubmissionOptions submission;
  submission.declare(options);
  for (const char* bad : {"20", "-21", "", "1.5", "low", "5 "})
    CHECK(options.parse(std::vector<std::string>{"--nice", bad, "true"}).exit_code == 2);
}

TEST_CASE("a command has memory to begin in, as a pool's workers have") {
  CHECK(build({"--memory", "4M", "--", "true"})->job.memory_bytes == 4 << 20);
  Context context;
  Options options(context, {"verb", "", ""}, Options::Operands::end_options);
  SubmissionOptions submission;
  submission.declare(options);
  for (const char* bad : {"1", "4095K", "-4M", ""}) CHECK(options.parse(std::vector<std::string>{"--memory", bad, "true"}).exit_code == 2);
}

TEST_CASE("@name is a function, but not behind --") {
  const Result<SubmissionCall> function = build({"@square", "7", "x"});
  REQUIRE(function);
  CHECK(function->job.function == "square");
  CHECK(function->job.arguments == "[7,\"x\"]");
  const Result<SubmissionCall> command = build({"--", "@square", "7"});
  REQUIRE(command);
  CHECK(command->job.command == std::vector<std::string>{"@square", "7"});
}

TEST_CASE("of the environment --env replaces one variable, --clean-env drops the rest") {
  ::setenv("COLOUR", "blue", 1);
  const Result<SubmissionCall> replaced = build({"--env", "COLOUR=red", "--", "true"});
  REQUIRE(replaced);
  CHECK(holds(*replaced->job.environment, "COLOUR=red"));
  CHECK_FALSE(holds(*replaced->job.environment, "COLOUR=blue"));
  const Result<SubmissionCall> clean = build({"--clean-env", "--env", "A=", "--", "true"});
  REQUIRE(clean);
  CHECK(holds(*clean->job.environment, "A="));
  CHECK_FALSE(holds(*clean->job.environment, "COLOUR=blue"));
}

TEST_CASE("apply passes its own streams, and --output takes the place of two of them") {
  const Result<SubmissionCall> own = build({"true"}, OwnStreams::all);
  REQUIRE(own);
  CHECK(own->fds == std::vector<int>{0, 1, 2});
  CHECK(own->job.stdin_index == 0);
  CHECK(own->job.stdout_index == 1);
  CHECK(own->job.stderr_index == 2);

  const jobpool::testing::TempDir folder;
  const Result<SubmissionCall> file = build({"--output", folder.file("out"), "--stdin", "/dev/null", "true"}, OwnStreams::all);
  REQUIRE(file);
  REQUIRE(file->fds.size() == 2);
  CHECK(file->fds[0] == file->opened[0].get());
  CHECK(file->job.stdin_file == "/dev/null");
  CHECK_FALSE(file->job.stdin_index);
  CHECK(file->job.stdout_index == 0);
  CHECK(file->job.stderr_index == 1);
}

TEST_CASE("a file that is not there is told at once, and a function has no files") {
  const Result<SubmissionCall> missing = build({"--stdin", "/tmp/no/such/file", "true"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text.find("/tmp/no/such/file") != std::string::npos);
  CHECK(build({"--cwd", "/tmp", "@f"}).error().code == Errc::invalid_argument);
  CHECK(build({"@"}).error().code == Errc::invalid_argument);
}

// The daemon refused them, which was exit code 125 and the name of a parameter.
TEST_CASE("names that no job can have are usage errors that name the option") {
  Context context;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--pool", ""}, {"--pool", "two words"}, {"--name", ""}, {"--name", std::string(257, 'a')}, {"--name", "caf\xe9"}}) {
    Options options(context, {"verb", "", ""}, Options::Operands::end_options);
    SubmissionOptions submission;
    submission.declare(options);
    std::vector<std::string> all = words;
    all.emplace_back("true");
    CHECK(options.parse(all).exit_code == 2);
  }
  CHECK(build({"--name", std::string(256, 'a'), "true"})->job.name.size() == 256);
  CHECK(build({"--", ""}).error().code == Errc::invalid_argument);
  CHECK(build({"@" + std::string(257, 'a')}).error().code == Errc::invalid_argument);
}
