// The ways to a verb, and to what is said of it: the real program, without a daemon.
#include "client/cli/verb_group.hpp"

#include "proto/version.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool::testing;

namespace {

std::string help_text(std::vector<std::string> words) {
  const Finished finished = jobpool_at("/tmp/no/such/jobpool", std::move(words));
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
  return finished.out;
}

}  // namespace

TEST_CASE("help before a verb is --help behind it and so it is in groups") {
  // The bug: `queue help put` showed the group's, and `queue --json help` knew no such verb.
  const std::string put = help_text({"queue", "put", "--help"}), group = help_text({"queue", "--help"});
  CHECK(help_text({"queue", "help", "put"}) == put);
  CHECK(help_text({"help", "queue", "put"}) == put);
  CHECK(help_text({"help", "queue", "help", "put"}) == put);
  CHECK(help_text({"queue", "--json", "help"}) == group);
  CHECK(help_text({"queue", "--json", "--help"}) == group);
  CHECK(help_text({"queue", "help"}) == group);
  CHECK(help_text({"help", "queue"}) == group);
  CHECK(help_text({"help", "--help"}) == help_text({"--help"}));
  CHECK(jobpool_at("/tmp/no/such/jobpool", {"queue", "help", "nonsense"}).exit_code == 2);
}

TEST_CASE("the overview has every alias") {
  // The bug: those of apply-async were left out, since together they are longer than the column.
  CHECK(help_text({"--help"}).find("\n  apply-async, submit, apply_async\n                          submit one and print its id\n") !=
        std::string::npos);
  for (const auto& [group, verbs] :
       {std::pair{"", jobpool::cli::verbs()}, std::pair{"pool", jobpool::cli::pool_verbs()},
        std::pair{"queue", jobpool::cli::queue_verbs()}, std::pair{"process", jobpool::cli::process_verbs()}}) {
    const std::string overview = *group == '\0' ? help_text({"--help"}) : help_text({group, "--help"});
    for (const jobpool::cli::Verb& verb : verbs)
      for (const std::string_view alias : verb.aliases) {
        INFO(group << " " << alias);
        CHECK(overview.find(", " + std::string{alias}) != std::string::npos);
      }
  }
}

TEST_CASE("the option --version with --json is the object of the verb") {
  // The bug: --json was ignored.
  const std::string object = "{\"client\":\"" + std::string{jobpool::version()} + "\"}\n";
  CHECK(help_text({"--version", "--json"}) == object);
  CHECK(help_text({"--json", "--version"}) == object);
}

TEST_CASE("map --dry-run with --json is an object a line") {
  // The bug: --json was ignored.
  CHECK(help_text({"map", "--dry-run", "--json", "--", "echo", "{}", ":::", "a b", "\xff"}) ==
        "{\"item\":1,\"command\":[\"echo\",\"a b\"]}\n{\"item\":2,\"commandBase64\":[\"ZWNobw==\",\"/w==\"]}\n");
  CHECK(help_text({"map", "--dry-run", "--json", "@f", ":::", "7"}) == "{\"item\":1,\"command\":[\"@f\",\"7\"]}\n");
}
