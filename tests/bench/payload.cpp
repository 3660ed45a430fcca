// A large payload through `apply @echo`, there and back: bytes moved a second, beside one copy in memory and one pass through a Unix socket
// for each of these bytes.
//   payload [--bytes=16777000] [--calls=5] [--rounds=7]
// The text is a JSON string, which the library has to put into another one; so it is what the largest argument costs, quotes and all. Moved
// are twice the bytes: the argument, and the result. `echo.once` counts them once.
#include <string>
#include <utility>
#include <vector>

#include "jobpool/client.hpp"
#include "tests/bench/bare_pass.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {

int payload(int argc, char** argv) {
  const long bytes = option(argc, argv, "bytes", 16'777'000), calls = option(argc, argv, "calls", 5);
  BarePass bare(static_cast<std::size_t>(bytes));
  const PrivateDaemon daemon(1);
  const Client client(daemon.socket());
  const Pool pool = client.pool();
  const std::string arguments = "[\"" + std::string(static_cast<std::size_t>(bytes), 'x') + "\"]";

  std::vector<double> moved, once, floor;
  pool.apply_text("echo", arguments);  // whose pages the next ones have, as the floor's are there when it is measured
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    std::vector<std::string> given(static_cast<std::size_t>(calls), arguments);  // the call takes them over
    const double taken = median_of(calls, [&] {
      if (pool.apply_text("echo", std::move(given.back())).size() != arguments.size() - 2) give_up("echo answers something else");
      given.pop_back();
    });
    once.push_back(static_cast<double>(bytes) / taken);
    moved.push_back(2 * once.back());
    floor.push_back(static_cast<double>(bytes) / median_of(calls, [&] { bare.copy_and_pass(); }));
  }
  print_figure("echo.moved", moved, "MB/s");
  print_figure("echo.once", once, "MB/s");
  print_figure("copy_and_pass", floor, "MB/s");
  print_ratio("echo.moved/copy_and_pass", moved, floor);
  print_ratio("echo.once/copy_and_pass", once, floor);
  return 0;
}

}  // namespace jobpool::bench
