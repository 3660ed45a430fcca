// Configuration file, defaults and what wins over what.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "daemon/supervisor/command_line.hpp"
#include "daemon/supervisor/config_file.hpp"
#include "daemon/supervisor/launch.hpp"
#include "daemon/supervisor/setting_keys.hpp"
#include "daemon/supervisor/settings.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/supervisor/temporary_dir.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;

namespace {

std::string complaint(std::string_view text) {
  auto wishes = parse_config(text, "pool.toml");
  return wishes ? "" : wishes.error().text;
}

// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* old = std::getenv(name);
    if (old != nullptr) old_ = old;
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

CommandLine parse(std::vector<std::string> words) {
  words.insert(words.begin(), "jobpoold");
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  return read_command_line(static_cast<int>(pointers.size()), pointers.data());
}

}  // namespace

TEST_CASE("every key of the configuration file is read") {
  auto wishes = parse_config(
      "socket = '/a/socket'\nstate_dir = '/b'\nworkers = 8\nplugin_dirs = ['/c', '/d']\nlog_level = 'debug'\ndrain_seconds = 5\n", "x");
  REQUIRE(wishes);
  CHECK(wishes->socket == "/a/socket");
  CHECK(wishes->state_dir == "/b");
  CHECK((wishes->workers == 8u && parse_config("spare_workers = 2\n", "x")->spare_workers == 2u));
  CHECK(wishes->plugin_dirs == std::vector<std::string>{"/c", "/d"});
  CHECK(wishes->log_level == "debug");
  CHECK(wishes->drain_time == std::chrono::seconds(5));
  CHECK(parse_config("access_group = 'pool'\n", "x")->access_group == "pool");
  CHECK(parse_config("output_limit_bytes = 5\n", "x")->limits.output == 5u);
  wishes = parse_config("queue_limit = 9\nqueue_limit_per_user = 8\nkeep_ended_count = 7\nkeep_ended_seconds = 6\n", "x");
  CHECK(wishes->limits == Limits{9, 8, 7, std::chrono::seconds(6)});
}

TEST_CASE("the example that is installed has every key, behind a comment sign") {
  std::ifstream file(JOBPOOL_SOURCE_DIR "/systemd/jobpool.toml");
  std::string plain, without;
  for (std::string line; std::getline(file, line);) {
    plain += line + "\n";
    const bool is_setting = line.starts_with("# ") && line.find(" = ") != std::string::npos;
    without += (is_setting ? line.substr(2) : line) + "\n";
  }
  CHECK(complaint(plain).empty());
  CHECK(complaint(without).empty());
  const auto wishes = parse_config(without, "jobpool.toml");
  REQUIRE(wishes);
  CHECK(wishes->socket);
  CHECK(wishes->state_dir);
  CHECK((wishes->workers && wishes->spare_workers == Settings{}.spare_workers));
  CHECK((wishes->plugin_dirs && wishes->limits.output));
  CHECK(wishes->log_level == Settings{}.log_level);
  CHECK(wishes->drain_time == Settings{}.drain_time);
  CHECK(wishes->limits.queue == 2'000'000);  // the broker's own numbers, which its tests hold it to
  CHECK(wishes->limits.queue_per_user == 1'500'000);
  CHECK(wishes->limits.kept_count == 262'144);
  CHECK(wishes->limits.kept_for == std::chrono::hours{30 * 24});
  CHECK(wishes->access_group);
}

TEST_CASE("an empty configuration file wishes nothing") {
  const auto wishes = parse_config("", "x");
  CHECK(!wishes->socket);
  CHECK(!wishes->workers);
  CHECK(!wishes->plugin_dirs);
  CHECK(wishes->limits == Limits{});
}

TEST_CASE("an unknown key is refused with its line and the nearest known key") {
  CHECK(complaint("\n\nworker = 3\n") == "pool.toml:3: unknown key 'worker': did you mean 'workers'?");
  CHECK(complaint("drain_sec = 3\n") == "pool.toml:1: unknown key 'drain_sec': did you mean 'drain_seconds'?");
  // Whatever was written, some key was suggested.
  CHECK(complaint("[pool]\n") == "pool.toml:1: unknown key 'pool'; jobpool.conf(5) lists the keys");
}

TEST_CASE("a value of the wrong type or out of range is refused with its line") {
  CHECK(complaint("socket = 3\n") == "pool.toml:1: 'socket' is a text that is not empty");
  CHECK(complaint("workers = 'many'\n") == "pool.toml:1: 'workers' is a whole number from 0 to 4096");
  CHECK(complaint("workers = -1\n") == "pool.toml:1: 'workers' is a whole number from 0 to 4096");
  CHECK(complaint("workers = 5000\n") == "pool.toml:1: 'workers' is a whole number from 0 to 4096");
  CHECK(complaint("workers = 2.0\n") == "pool.toml:1: 'workers' is a whole number from 0 to 4096");
  CHECK(complaint("queue_limit = 0\n") == "pool.toml:1: 'queue_limit' is a whole number from 1 to 100000000");
  CHECK(complaint("\nqueue_limit_per_user = -1\n") == "pool.toml:2: 'queue_limit_per_user' is a whole number from 1 to 100000000");
  CHECK(complaint("keep_ended_seconds = 1.5\n") == "pool.toml:1: 'keep_ended_seconds' is a whole number from 1 to 3162240000");
  CHECK(complaint("plugin_dirs = '/c'\n") == "pool.toml:1: 'plugin_dirs' is a list of texts");
  CHECK(complaint("plugin_dirs = ['/c',\n 3]\n") == "pool.toml:2: 'plugin_dirs' is a text that is not empty");
}

TEST_CASE("a syntax error is told with its line") { CHECK(complaint("socket = 'a'\nworkers = = 3\n").substr(0, 12) == "pool.toml:2:"); }

TEST_CASE("a configuration file without a byte is read, and wishes nothing") {
  CHECK(read_config("/dev/null"));  // the bug: "cannot be read"
  CHECK_FALSE(read_config("/"));
}

TEST_CASE("a configuration file that is not there is an error that names it") {
  auto wishes = read_config("/does/not/exist.toml");
  REQUIRE(!wishes);
  CHECK(wishes.error().code == Errc::not_found);
  CHECK(wishes.error().text.find("/does/not/exist.toml") != std::string::npos);
}

TEST_CASE("flags win over the file, and the file over the defaults") {
  Wishes flags, file;
  flags.workers = 3;
  file.workers = 5;
  file.socket = "/file/socket";
  file.state_dir = "/file/state";
  auto settings = settle(flags, file, "/programs");
  REQUIRE(settings);
  CHECK(settings->workers == 3);
  CHECK(settings->socket == "/file/socket");
  CHECK(settings->state_dir == "/file/state");
  CHECK(settings->log_level == "info");
  CHECK(settings->drain_time == std::chrono::seconds(30));
  CHECK(settings->program_dir == "/programs");
}

TEST_CASE("each limit is settled for itself, and one that nobody sets stays the broker's own") {
  Wishes flags, file;
  flags.limits.queue = 3;
  file.limits.queue = 5;
  file.limits.kept_for = std::chrono::seconds(60);
  const auto settings = settle(flags, file, "/programs");
  REQUIRE(settings);
  CHECK(settings->limits == Limits{3, {}, {}, std::chrono::seconds(60)});
}

TEST_CASE("the broker is told the limits that are set, and no others") {
  Settings settings;
  const auto words = [&] {
    std::string all;
    for (const std::string& word : broker_arguments(settings, Instance{}, History{})) all += word + " ";
    return all;
  };
  CHECK(words().find("--queue-limit") == std::string::npos);
  CHECK(words().find("--keep-ended") == std::string::npos);
  settings.limits = {9, 8, 7, std::chrono::seconds(6)};
  CHECK(words().find("--queue-limit 9 --queue-limit-per-user 8 --keep-ended-count 7 --keep-ended-seconds 6 ") != std::string::npos);
}

TEST_CASE("the socket is where the environment says, in its order") {
  const Variable home("HOME", "/home/somebody");
  const Variable state_directory("STATE_DIRECTORY", nullptr);
  const Variable state_home("XDG_STATE_HOME", nullptr);
  const Variable runtime("XDG_RUNTIME_DIR", "/run/user/7");
  {
    const Variable given("JOBPOOL_SOCKET", "/given/socket");
    CHECK(settle({}, {}, "/p")->socket == "/given/socket");
  }
  const Variable empty("JOBPOOL_SOCKET", "");
  CHECK(settle({}, {}, "/p")->socket == "/run/user/7/jobpool/socket");
}

TEST_CASE("the state directory is where the environment says, in its order") {
  const Variable home("HOME", "/home/somebody");
  const Variable state_home("XDG_STATE_HOME", nullptr);
  const Variable state_directory("STATE_DIRECTORY", nullptr);
  CHECK(settle({}, {}, "/p")->state_dir == "/home/somebody/.local/state/jobpool");
  const Variable other_home("XDG_STATE_HOME", "/states");
  CHECK(settle({}, {}, "/p")->state_dir == "/states/jobpool");
  const Variable by_systemd("STATE_DIRECTORY", "/var/lib/a:/var/lib/b");
  CHECK(settle({}, {}, "/p")->state_dir == "/var/lib/a");
}

// What cannot be opened was told, and neither the option nor a name.
TEST_CASE("an option of the command line with an empty path is refused by its name") {
  Wishes socket, state;
  socket.socket = state.state_dir = "";
  CHECK(settle(socket, {}, "/p").error().text == "--socket: its value is empty");
  CHECK(settle(state, {}, "/p").error().text == "--state-dir: its value is empty");
}

TEST_CASE("relative paths become absolute") {
  Wishes flags;
  flags.state_dir = "state";
  flags.socket = "./there/../socket";
  flags.plugin_dirs = {"plugins"};
  auto settings = settle(flags, {}, "/p");
  REQUIRE(settings);
  const std::string here = std::filesystem::current_path().string();
  CHECK(settings->state_dir == here + "/state");
  CHECK(settings->socket == here + "/socket");
  CHECK(settings->plugin_dirs.at(0) == here + "/plugins");
}

TEST_CASE("flags are read, and wrong usage ends with exit code 2") {
  const CommandLine line = parse({"--socket", "/s", "-j", "4", "--plugin-dir", "/a", "--plugin-dir", "/b", "--check-config"});
  CHECK(!line.exit_code);
  CHECK(line.wishes.socket == "/s");
  CHECK(line.wishes.workers == 4u);
  CHECK(line.wishes.plugin_dirs == std::vector<std::string>{"/a", "/b"});
  CHECK(line.check_only);
  CHECK(!line.wishes.log_level);
  CHECK(parse({"-j", "none"}).exit_code == 2);
  CHECK(parse({"-j", "4097"}).exit_code == 2);
  CHECK(parse({"--frobnicate"}).exit_code == 2);
  CHECK(parse({"--version"}).exit_code == 0);
}

TEST_CASE("a table without a name is refused with its line") {
  // The bug: toml++ asserts that a name follows "[" before it complains of what does; a daemon built without NDEBUG aborted over this slip.
  CHECK(complaint("workers = 1\n[=]\n").starts_with("pool.toml:2: "));
}

TEST_CASE("a text with U+0000 in the configuration file is refused") {
  // The bug: it was taken, and the system calls used what came before the zero byte.
  CHECK(complaint("socket = \"/run/a\\u0000b\"\n") == "pool.toml:1: 'socket' is a text without U+0000");
  CHECK(complaint("plugin_dirs = [\"/a\\u0000\"]\n") == "pool.toml:1: 'plugin_dirs' is a text without U+0000");
}

TEST_CASE("a letter beyond ASCII is no white space in the configuration file") {
  // The bug: toml++ took it for impossible that one stands where white space may, and what then happened was left to the compiler.
  CHECK(complaint("workers = 8\n\u00e4workers = 9\n").starts_with("pool.toml:2: "));
  CHECK(complaint("workers\u02d2 = 8\n").starts_with("pool.toml:1: "));
  CHECK(complaint("workers = 8 \u00e4\n").starts_with("pool.toml:1: "));
}

TEST_CASE("a log level that is none is refused with its line") {
  CHECK(complaint("\nlog_level = 'loud'\n") == "pool.toml:2: 'log_level' is one of trace, debug, info, warn, error, off");
}

TEST_CASE("every key can be set in the environment, where a list is separated by colons") {
  const std::vector<const char*> variables{"HOME=/h",
                                           "JOBPOOLD_SOCKET=/a",
                                           "JOBPOOLD_STATE_DIR=/b",
                                           "JOBPOOLD_WORKERS=3",
                                           "JOBPOOLD_SPARE_WORKERS=2",
                                           "JOBPOOLD_PLUGIN_DIRS=/c:/d",
                                           "JOBPOOLD_LOG_LEVEL=debug",
                                           "JOBPOOLD_DRAIN_SECONDS=7",
                                           "JOBPOOLD_QUEUE_LIMIT=1",
                                           "JOBPOOLD_QUEUE_LIMIT_PER_USER=2",
                                           "JOBPOOLD_KEEP_ENDED_COUNT=3",
                                           "JOBPOOLD_KEEP_ENDED_SECONDS=4",
                                           "JOBPOOLD_OUTPUT_LIMIT_BYTES=5",
                                           "JOBPOOLD_ACCESS_GROUP=pool",
                                           "JOBPOOLD_OPTIONS=-j 9",
                                           "JOBPOOLD_CONFIG=/x"};
  CHECK(variables.size() == setting_keys().size() + 3);
  const auto wishes = read_environment(variables);
  REQUIRE(wishes);
  CHECK((wishes->socket == "/a" && wishes->state_dir == "/b"));
  CHECK((wishes->workers == 3 && wishes->spare_workers == 2));
  CHECK(wishes->plugin_dirs == std::vector<std::string>{"/c", "/d"});
  CHECK(wishes->log_level == "debug");
  CHECK(wishes->drain_time == std::chrono::seconds(7));
  CHECK(wishes->limits == Limits{1, 2, 3, std::chrono::seconds(4), 5});
  CHECK(wishes->access_group == "pool");
}

TEST_CASE("a variable that sets nothing, or to what cannot be, is refused by name") {
  const auto fault = [](const char* variable) {
    const auto wishes = read_environment({{variable}});
    return wishes ? "" : wishes.error().text;
  };
  CHECK(fault("JOBPOOLD_WORKER=3") == "the variable JOBPOOLD_WORKER sets nothing: did you mean JOBPOOLD_WORKERS?");
  CHECK(fault("JOBPOOLD_FOO=3") == "the variable JOBPOOLD_FOO sets nothing; jobpool.conf(5) lists those that do");
  CHECK(fault("JOBPOOLD_WORKERS=many") == "the variable JOBPOOLD_WORKERS: 'workers' is a whole number from 0 to 4096");
  CHECK(fault("JOBPOOLD_WORKERS=9999") == "the variable JOBPOOLD_WORKERS: 'workers' is a whole number from 0 to 4096");
  CHECK(fault("JOBPOOLD_LOG_LEVEL=loud") == "the variable JOBPOOLD_LOG_LEVEL: 'log_level' is one of trace, debug, info, warn, error, off");
  CHECK(fault("JOBPOOLD_PLUGIN_DIRS=/c::/d") == "the variable JOBPOOLD_PLUGIN_DIRS: 'plugin_dirs' is a text that is not empty");
  CHECK(fault("JOBPOOLD_WORKERS=") == "");
}

TEST_CASE("flags win over the environment, and the environment over the file") {
  Wishes flags, variables, file;
  file.workers = 1;
  file.log_level = "error";
  file.limits.queue = 10;
  variables.workers = 2;
  variables.log_level = "warn";
  flags.workers = 3;
  const auto settings = settle(layered(flags, variables), file, "/bin");
  REQUIRE(settings);
  CHECK(settings->workers == 3);
  CHECK(settings->log_level == "warn");
  CHECK(settings->limits.queue == 10);
}

TEST_CASE("the configuration file is the given one, else the environment's, else the user's own where it is there") {
  jobpool::test::TemporaryDir dir;
  const Variable home("XDG_CONFIG_HOME", dir.path().c_str());
  {
    const Variable named("JOBPOOLD_CONFIG", "/some/where.toml");
    CHECK(find_config("/given.toml") == "/given.toml");
    CHECK(find_config({}) == "/some/where.toml");
    const Variable missing("JOBPOOLD_CONFIG", "-/some/where.toml");
    CHECK(find_config({}) == std::nullopt);
  }
  const Variable none("JOBPOOLD_CONFIG", nullptr);
  CHECK(find_config({}) == std::nullopt);
  const std::string own = dir.path() + "/jobpool/jobpool.toml";
  std::filesystem::create_directory(dir.path() + "/jobpool");
  std::ofstream(own) << "workers = 3\n";
  CHECK(find_config({}) == own);
  const Variable there("JOBPOOLD_CONFIG", ("-" + own).c_str());
  CHECK(find_config({}) == own);
}

// The manual's source: each key with what its values are, and whether a reload takes it up.
TEST_CASE("jobpool.conf(5) has every key with its bounds, and no other") {
  std::ifstream file(JOBPOOL_SOURCE_DIR "/client/man/jobpool.conf.5.in");
  std::set<std::string> described;
  bool in_keys = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(".SH ")) in_keys = line == ".SH KEYS";
    if (in_keys && line.starts_with(".BR ") && line.ends_with(")\"")) described.insert(line);
  }
  std::set<std::string> wanted;
  for (const SettingKey& key : setting_keys()) {
    std::string what = key.kind == SettingKey::Kind::number  ? "number, " + std::to_string(key.least) + " to " + std::to_string(key.most)
                       : key.kind == SettingKey::Kind::texts ? "list of texts"
                                                             : "text";
    if (key.change == SettingKey::Change::start) what += "; takes a new start";
    wanted.insert(".BR " + std::string{key.name} + " \" (" + what + ")\"");
  }
  CHECK(described == wanted);
}
