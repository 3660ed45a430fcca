// See gearmand.hpp.
#include "tests/bench/peers/gearmand.hpp"

#include <pwd.h>
#include <unistd.h>

#include <vector>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

// As root it wants to be told as whom to run.
std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? "root" : user->pw_name;
}

// Each server's files have its port in their names: several may run in one folder.
std::vector<std::string> gearmand_argv(const std::string& program, const std::string& folder, std::uint16_t port, Gearmand::Queue queue) {
  const std::string own = folder + "/gearmand-" + std::to_string(port);
  // One I/O thread: the quickest it is, here.
  std::vector<std::string> argv{
      program,           "--port=" + std::to_string(port), "--listen=127.0.0.1", "--threads=1", "--user=" + user_name(),
      "--log-file=none", "--pid-file=" + own + ".pid"};
  if (queue == Gearmand::Queue::sqlite) argv.insert(argv.end(), {"--queue-type=libsqlite3", "--libsqlite3-db=" + own + ".db"});
  return argv;
}

}  // namespace

const std::string kGearmanPayload(64, 'x');

std::string Gearmand::find_program() {
  std::string program = installed("gearmand");
  if (program.empty()) print_note("gearmand is not installed");
  return program;
}

Gearmand::Gearmand(const std::string& program, const std::string& folder, Queue queue)
    : port_(free_port()),
      server_(gearmand_argv(program, folder, port_, queue), PeerAddress{{}, port_},
              folder + "/gearmand-" + std::to_string(port_) + ".out") {}

}  // namespace jobpool::bench
