// So many `apply @noop` at a running daemon, or one map over so many items, and nothing else: what strace and perf are pointed at
// (syscalls.sh).
//   noop_calls --socket=PATH [--calls=20000] [--map=0]
#include <exception>
#include <vector>

#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"

namespace jobpool::bench {

int noop_calls(int argc, char** argv) {
  try {
    const jobpool::Client client(option(argc, argv, "socket", std::string()));
    const jobpool::Pool pool = client.pool();
    const long calls = option(argc, argv, "calls", 20'000);
    if (option(argc, argv, "map", 0) != 0) {
      pool.map<long>("square", std::vector<long>(static_cast<std::size_t>(calls), 7));
      return 0;
    }
    for (long call = calls; call > 0; --call) pool.apply_text("noop", "[]");
  } catch (const std::exception& error) {
    give_up(error.what());
  }
  return 0;
}

}  // namespace jobpool::bench
