// Loading plugins: what is taken, what is refused and why, and what functions see of each other.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "tests/unit/worker/functions.hpp"

namespace jobpool::worker {
namespace {

TEST_CASE("a plugin in plain C serves functions") {
  Functions functions({C_PLUGIN});
  CHECK(functions.answer("length", "[1, 2]") == "6");
  CHECK(functions.answer("whoami") == R"({"job":7,"attempt":1,"worker":3})");
  CHECK(functions.answer("refuse") == "Refused: because it can");
}

TEST_CASE("an answer that is not JSON fails the job and names the plugin") {
  Functions functions({C_PLUGIN});
  CHECK(functions.answer("broken") == std::string("BadResult: plugin '") + C_PLUGIN + "' answered with text that is not JSON");
}

TEST_CASE("a result above the limit fails the job with a remedy") {
  Functions functions({PROBE_PLUGIN});
  CHECK(functions.call("large", "[16777000]").ending == Ending::returned);
  const Report& report = functions.call("large", "[17000000]");
  CHECK(report.error_type == "ResultTooLarge");
  CHECK(report.reason.find("write it to a file") != std::string::npos);
}

TEST_CASE("the first function of a name stays, and names or entries that are off are passed over") {
  Functions functions({PROBE_PLUGIN});
  CHECK(functions.answer("square", "[7]") == "49");
  CHECK(functions.answer("no spaces, please").starts_with("NoSuchFunction"));
  CHECK(functions.answer("no_code").starts_with("NoSuchFunction"));
}

TEST_CASE("what a plugin's function changes in the process is unseen by the next") {
  Functions functions({PROBE_PLUGIN});
  const auto before = nlohmann::json::parse(functions.answer("look"));
  REQUIRE(functions.answer("disturb") == "null");
  CHECK(nlohmann::json::parse(functions.answer("look")) == before);
  CHECK(before["probe is set"] == false);
}

TEST_CASE("a hard limit that a function lowers is raised again, or else the worker leaves") {
  // The bug: the limits of a function were those of all jobs after it; without room for descriptors, their callers' streams were lost.
  Functions functions({PROBE_PLUGIN});
  rlimit before{}, now{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  REQUIRE(functions.answer("lower_hard_limit") == "null");
  ::getrlimit(RLIMIT_FSIZE, &now);
  CHECK((functions.after() == FunctionRunner::After::leave) == (now.rlim_max != before.rlim_max));
  CHECK(functions.answer("look").find("umask") != std::string::npos);
}

TEST_CASE("a function that forks and returns twice is answered once, by the worker") {
  // The bug: the child went on as a second worker in the same memory, and reported a result of its own.
  Functions functions({PROBE_PLUGIN});
  CHECK(functions.answer("fork_and_return") == "\"parent\"");
  int status = 0;
  CHECK(::wait(&status) > 0);
  CHECK(WEXITSTATUS(status) == EXIT_FAILURE);
}

TEST_CASE("a child that a function left behind, and that has ended, is reaped before the next function") {
  // The bug: they stayed zombies for the worker's life, until it could start nothing more.
  Functions functions({PROBE_PLUGIN});
  REQUIRE(functions.answer("leave_child") == "null");
  siginfo_t ended{};
  REQUIRE(::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) == 0);
  functions.answer("look");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a plugin of another ABI, one without a table and one that does not load are refused, each with its reason") {
  FunctionTable table;
  testing::TempDir dir;
  const auto refusal = [&](const std::string& path) {
    const auto loaded = load_plugin(path, table);
    REQUIRE_FALSE(loaded);
    return loaded.error().text;
  };
  CHECK(refusal(OTHER_ABI_PLUGIN).find("another ABI") != std::string::npos);
  CHECK(refusal(NO_TABLE_PLUGIN).find("exports no jobpool_plugin") != std::string::npos);
  std::ofstream(dir.file("text.so")) << "not a library";
  CHECK(refusal(dir.file("text.so")).find("does not load") != std::string::npos);
  CHECK(refusal(dir.file("none.so")).find("No such file") != std::string::npos);
  CHECK(table.names().empty());
}

TEST_CASE("a plugin that others could write is refused, and so is a directory that others could write") {
  testing::TempDir dir;
  const std::string copy = dir.file("example.so");
  std::filesystem::copy_file(EXAMPLE_PLUGIN, copy);
  FunctionTable table;
  REQUIRE(::chmod(copy.c_str(), 0775) == 0);
  CHECK(load_plugin(copy, table).error().code == Errc::permission_denied);
  REQUIRE(::chmod(copy.c_str(), 0755) == 0);
  REQUIRE(::chmod(dir.path().c_str(), 0777) == 0);
  load_plugins({dir.path()}, table);
  CHECK(table.find("cube") == nullptr);
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  load_plugins({dir.path()}, table);
  CHECK(table.find("cube") != nullptr);
}

TEST_CASE("a pipe is no plugin, and a link to one is only what it leads to") {
  testing::TempDir dir, open;
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  REQUIRE(::mkfifo(dir.file("pipe.so").c_str(), 0644) == 0);
  FunctionTable table;
  CHECK(load_plugin(dir.file("pipe.so"), table).error().text.find("no regular file") != std::string::npos);
  // The bug: a link from a safe directory into one that others could write was followed, since only the file itself was looked at.
  std::filesystem::copy_file(EXAMPLE_PLUGIN, open.file("example.so"));
  REQUIRE(::symlink(open.file("example.so").c_str(), dir.file("link.so").c_str()) == 0);
  REQUIRE(::chmod(open.path().c_str(), 0775) == 0);
  const auto refused = load_plugin(dir.file("link.so"), table);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::permission_denied);
  CHECK(refused.error().text.find(open.path()) != std::string::npos);
  REQUIRE(::chmod(open.path().c_str(), 0755) == 0);
  REQUIRE(load_plugin(dir.file("link.so"), table));
  CHECK(table.find("cube")->source == dir.file("link.so"));
}

TEST_CASE("plugins of one name in several directories are several plugins") {
  testing::TempDir first, second;
  std::filesystem::copy_file(EXAMPLE_PLUGIN, first.file("same.so"));
  std::filesystem::copy_file(C_PLUGIN, second.file("same.so"));
  FunctionTable table;
  REQUIRE(load_plugin(first.file("same.so"), table));
  REQUIRE(load_plugin(second.file("same.so"), table));
  CHECK(table.find("cube") != nullptr);
  CHECK(table.find("length") != nullptr);
}

TEST_CASE("a plugin that belongs to somebody else is refused") {
  if (::geteuid() != 0) {
    WARN("only root can give a file away: not tried");
    return;
  }
  testing::TempDir dir;
  const std::string copy = dir.file("example.so");
  std::filesystem::copy_file(EXAMPLE_PLUGIN, copy);
  REQUIRE(::chown(copy.c_str(), 12345, 12345) == 0);
  FunctionTable table;
  CHECK(load_plugin(copy, table).error().text.find("belongs to uid 12345") != std::string::npos);
}

TEST_CASE("of a directory all plugins are loaded in the order of their names, and one bad one does not spoil the others") {
  testing::TempDir dir;
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  std::filesystem::copy_file(EXAMPLE_PLUGIN, dir.file("b.so"));
  std::filesystem::copy_file(EXAMPLE_PLUGIN, dir.file("c.so"));
  std::ofstream(dir.file("a.so")) << "not a library";
  std::filesystem::copy_file(C_PLUGIN, dir.file("in_c.so.disabled"));
  FunctionTable table;
  load_plugins({"/no/such/directory", dir.path()}, table);
  REQUIRE(table.find("cube") != nullptr);
  CHECK(table.find("cube")->source == dir.file("b.so"));
  CHECK(table.find("length") == nullptr);
}

}  // namespace
}  // namespace jobpool::worker
