// Options as verbs declare them.
#include "client/cli/options.hpp"

#include "client/cli/context.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

using Strings = std::vector<std::string>;

// A verb's options and what they were set to.
struct Verb {
  Context context;
  Options options;
  bool now = false;
  std::string pool;
  std::optional<Microseconds> timeout;

  explicit Verb(Options::Operands operands = Options::Operands::mixed)
      : options(context, {"verb [options]", "Does it.", "verb x"}, operands) {
    options.flag("-n, --now", "at once", now);
    options.text("-p, --pool", "NAME", "which", pool);
    options.duration("--timeout", "T", "how long", timeout);
  }
  Options::Parsed parse(const Strings& words) { return options.parse(words); }
};

}  // namespace

TEST_CASE("options and operands may be mixed") {
  Verb verb;
  const Options::Parsed parsed = verb.parse({"1", "--now", "2", "--timeout", "5s", "--pool=mail", "3", "--json"});
  CHECK_FALSE(parsed.exit_code);
  CHECK(parsed.operands == Strings{"1", "2", "3"});
  CHECK(verb.now);
  CHECK(verb.pool == "mail");
  CHECK(verb.timeout == Microseconds{5'000'000});
  CHECK(verb.context.json);
}

TEST_CASE("short options take their value glued or apart") {
  Verb glued, apart;
  CHECK_FALSE(glued.parse({"-pmail", "-n"}).exit_code);
  CHECK_FALSE(apart.parse({"-p", "mail"}).exit_code);
  CHECK(glued.pool == "mail");
  CHECK(glued.now);
  CHECK(apart.pool == "mail");
}

TEST_CASE("behind -- everything is an operand") {
  Verb verb;
  const Options::Parsed parsed = verb.parse({"--now", "--", "--pool", "-x", "--"});
  CHECK_FALSE(parsed.exit_code);
  CHECK(parsed.operands == Strings{"--pool", "-x", "--"});
  CHECK(parsed.separated);
}

TEST_CASE("a command's own options are not taken from it") {
  Verb verb(Options::Operands::end_options);
  const Options::Parsed parsed = verb.parse({"-n", "make", "--pool", "-j4", "--"});
  CHECK_FALSE(parsed.exit_code);
  CHECK(parsed.operands == Strings{"make", "--pool", "-j4", "--"});
  CHECK_FALSE(parsed.separated);
  CHECK(verb.pool.empty());
}

TEST_CASE("an empty word and a single dash are operands") {
  Verb verb;
  CHECK(verb.parse({"", "-"}).operands == Strings{"", "-"});
}

TEST_CASE("slips of the pen are usage errors") {
  for (const Strings& words :
       std::vector<Strings>{{"--bogus"}, {"--now=yes"}, {"--pool"}, {"--timeout", "soon"}, {"-x"}, {"-nx"}, {"--no"}}) {
    INFO(words.front());
    Verb verb;
    const Options::Parsed parsed = verb.parse(words);
    REQUIRE(parsed.exit_code);
    CHECK(*parsed.exit_code == 2);
  }
}

// A value that was given and is empty was taken for none: `--cwd "$DIR"` without that variable ran in another folder.
TEST_CASE("an empty value is a usage error that names the option") {
  for (const Strings& words : std::vector<Strings>{{"--pool", ""}, {"--pool="}, {"-p", ""}, {"--socket", ""}, {"--timeout", ""}}) {
    INFO(words.front());
    Verb verb;
    const Options::Parsed parsed = verb.parse(words);
    REQUIRE(parsed.exit_code);
    CHECK(*parsed.exit_code == 2);
  }
}

TEST_CASE("an explanation of several lines stays in its column") {
  // The bug: of `reload --help`, the second line of --wait began in the first column.
  Verb verb;
  verb.options.flag("--wait", "one\ntwo", verb.now);
  CHECK(verb.options.help().find("\n  --wait                  one\n                          two\n") != std::string::npos);
}

TEST_CASE("help names every option and has an example") {
  Verb verb;
  const std::string help = verb.options.help();
  for (const char* word : {"jobpool verb [options]", "-n, --now", "-p, --pool NAME", "--timeout T", "--json", "--socket PATH",
                           "--no-autostart", "Example: verb x"}) {
    INFO(word);
    CHECK(help.find(word) != std::string::npos);
  }
}
