// So many `apply @noop` at a running daemon, and nothing else: what strace and perf are pointed at (syscalls.sh).
//   noop_calls --socket=PATH [--calls=20000]
#include <exception>

#include "jobpool/client.hpp"
#include "tests/bench/figures.hpp"

int main(int argc, char** argv) {
  using namespace jobpool::bench;
  try {
    const jobpool::Client client(option(argc, argv, "socket", std::string()));
    const jobpool::Pool pool = client.pool();
    for (long call = option(argc, argv, "calls", 20'000); call > 0; --call) pool.apply_text("noop", "[]");
  } catch (const std::exception& error) {
    give_up(error.what());
  }
  return 0;
}
