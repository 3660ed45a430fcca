// So many calls at a running daemon and nothing else: what `costs` counts.
//   noop_calls --socket=PATH [--kind=apply] [--calls=20000]
// apply: `apply @noop`, one at a time. async: pipelined `ApplyAsync @noop`, ephemeral, and one Wait for all. durable: the same, durable.
// map: one map of @square over so many integers. command: `apply -- /bin/true`, one at a time.
#include <vector>

#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/pipelining.hpp"

namespace jobpool::bench {
namespace {

void submit_and_wait(const std::string& socket, const std::string& job, long calls) {
  const UniqueFd connection = connect_to(socket);
  const std::string end = pipeline(connection.get(), wait_call_for(pipeline(connection.get(), submission(job), calls, calls)), 1, 1);
  if (end.find("error") != std::string::npos) give_up("Wait: " + end);
}

}  // namespace

int noop_calls(int argc, char** argv) {
  const std::string socket = option(argc, argv, "socket", std::string()), kind = option(argc, argv, "kind", std::string("apply"));
  const long calls = option(argc, argv, "calls", 20'000);
  const Client client(socket);
  const Pool pool = client.pool();
  if (kind == "apply") {
    for (long left = calls; left > 0; --left) pool.apply_text("noop", "[]");
  } else if (kind == "async") {
    submit_and_wait(socket, R"({"function":"noop","durable":false})", calls);
  } else if (kind == "durable") {
    submit_and_wait(socket, R"({"function":"noop"})", calls);
  } else if (kind == "map") {
    pool.map<long>("square", std::vector<long>(static_cast<std::size_t>(calls), 7));
  } else if (kind == "command") {
    for (long left = calls; left > 0; --left) pool.apply(Command{.argv = {"/bin/true"}});
  } else {
    give_up("--kind=" + kind + ": apply, async, durable, map or command");
  }
  return 0;
}

}  // namespace jobpool::bench
