// So many calls at a running daemon and nothing else: what `costs` counts.
//   noop_calls --socket=PATH [--kind=apply] [--calls=20000]
// apply: `apply @noop`, one at a time. async: pipelined `ApplyAsync @noop`, ephemeral, and one Wait for all. durable: the same, durable.
// map: one map of @square over so many integers. chunks: so many chunks of one integer, 500 in each call of ApplyAll (a map makes that hang
// on how long they take, which tools that slow the processes down would change). command: `apply -- /bin/true`, one at a
// time. echo: `apply @echo` of 16 MB, one at a time, for profilers alone.
#include <algorithm>
#include <vector>

#include "client/lib/chunk_call.hpp"
#include "client/lib/key.hpp"
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

void run_chunks(const std::string& socket, long calls) {
  constexpr long kTogether = 500;
  client::Connections connections({socket});
  for (long left = calls; left > 0; left -= kTogether) {
    proto::ApplyAllRequest request;
    request.job.function = "square";
    request.job.key = client::make_key();  // as a map does: jobs with a key that somebody chose are kept for long
    for (long number = 0; number < std::min(left, kTogether); ++number) request.chunks.push_back({number, "[[7]]"});
    client::apply_all(
        connections, std::move(request), -1,
        [](std::int64_t, Result<proto::Ending>&& ending) {
          if (!ending) give_up("ApplyAll: " + ending.error().text);
        },
        [] {});
  }
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
  } else if (kind == "chunks") {
    run_chunks(socket, calls);
  } else if (kind == "echo") {
    const std::string text = "[\"" + std::string(16'777'000, 'x') + "\"]";
    for (long left = calls; left > 0; --left) pool.apply_text("echo", text);
  } else if (kind == "command") {
    for (long left = calls; left > 0; --left) pool.apply(Command{.argv = {"/bin/true"}});
  } else {
    give_up("--kind=" + kind + ": apply, async, durable, map, chunks or command");
  }
  return 0;
}

}  // namespace jobpool::bench
