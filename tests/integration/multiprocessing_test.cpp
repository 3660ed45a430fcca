// What map promises, said by stock Python's multiprocessing itself in the same test.
#include <fstream>
#include <sstream>

#include "jobpool/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

namespace {

// What `body` prints, which has `square` and a pool of two workers, `pool`.
std::string python(const std::string& body) {
  const std::string script =
      "import multiprocessing\n"
      "def square(x): return x * x\n"
      "if __name__ == '__main__':\n"
      "  with multiprocessing.Pool(2) as pool:\n";
  std::string indented;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) indented += "    " + line + "\n";
  const TempDir folder;
  std::ofstream(folder.file("script.py")) << script << indented;
  const Finished finished = run({.argv = {"python3", folder.file("script.py")}});
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  return finished.out;
}

std::vector<std::string> map_over(std::vector<std::string> command, int last) {
  command.emplace_back(":::");
  for (int i = 1; i <= last; ++i) command.push_back(std::to_string(i));
  return command;
}

// The rule for chunks asks how many workers there are: they come a little after the daemon.
}  // namespace

TEST_CASE("map has Python's order") {
  const Daemon daemon;
  CHECK(daemon.run(map_over({"map", "@square"}, 100)).out == python("for x in pool.map(square, range(1, 101)): print(x)"));
  CHECK(daemon.run(map_over({"map", "--stream", "-k", "@square"}, 100)).out ==
        python("for x in pool.imap(square, range(1, 101)): print(x)"));
}

TEST_CASE("map has Python's chunks") {
  for (const int items : {1, 7, 8, 9, 100, 1000}) {
    const Daemon daemon({.workers = 2});
    wait_for_workers(daemon, 2);
    REQUIRE(daemon.run(map_over({"map", "@square"}, items)).exit_code == 0);
    const std::string chunks = std::to_string(daemon.status()["pools"][0]["done"].get<int>()) + "\n";
    // As Pool._map_async has it.
    CHECK(chunks == python("size, extra = divmod(" + std::to_string(items) + ", len(pool._pool) * 4)\nsize += 1 if extra else 0\n" +
                           "print(len(list(multiprocessing.pool.Pool._get_tasks(square, range(" + std::to_string(items) + "), size))))"));
  }
}

TEST_CASE("map and imap fail as Python's do") {
  const Daemon daemon({.workers = 2});
  const std::string said = python(
      "try: pool.map(square, [1, 2, 'x', 4, 'y'], 1)\n"
      "except TypeError as error: print(type(error).__name__)\n"
      "it = pool.imap(square, [1, 'x', 3])\n"
      "print(next(it))\n"
      "try: next(it)\n"
      "except TypeError as error: print(type(error).__name__)\n"
      "print(next(it))\n"
      "print(next(it, 'over'))");
  const jobpool::Pool pool = jobpool::Client(daemon.socket()).pool();
  std::ostringstream ours;
  using jobpool::Json;
  try {
    pool.map<long>("square", std::vector<Json>{{"1"}, {"2"}, {"\"x\""}, {"4"}, {"\"y\""}}, {.chunk_size = 1});
  } catch (const jobpool::ItemFailed& failed) {
    ours << failed.type() << "\n";
    CHECK(failed.index() == 2);
  }
  auto stream = pool.imap<long>("square", std::vector<Json>{{"1"}, {"\"x\""}, {"3"}});
  ours << *stream.next() << "\n";
  try {
    stream.next();
  } catch (const jobpool::ItemFailed& failed) {
    ours << failed.type() << "\n";
  }
  ours << *stream.next() << "\n";
  if (!stream.next()) ours << "over\n";
  CHECK(ours.str() == said);
}
