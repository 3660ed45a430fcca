// Stands in for jobpool-broker: carries every message between the supervisor and the test, which decides. The test listens on the
// sequenced-packet socket named by $JOBPOOL_TEST_BROKER; each life of the broker is one connection. First it sends its arguments.
// Two kinds that no broker would ever send are the test's commands to this program: stop_now = exit with `value`, handover_done = read no
// more.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/control/arguments.hpp"
#include "common/control/message.hpp"
#include "common/socket.hpp"

using namespace jobpool;

namespace {

UniqueFd connect_to_test() {
  const char* path = std::getenv("JOBPOOL_TEST_BROKER");
  if (path == nullptr) ::_exit(20);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  UniqueFd test(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::connect(test.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(21);
  return test;
}

void introduce(int test, int argc, char** argv) {
  std::string line;
  for (int i = 1; i < argc; ++i) line += std::string(argv[i]) + "\n";
  if (!send_message(test, std::as_bytes(std::span(line)))) ::_exit(22);
}

void obey(const control::Message& message) {
  if (message.kind == control::Kind::stop_now) ::_exit(message.value);
  while (message.kind == control::Kind::handover_done) ::pause();
}

// False: the sender is gone.
bool carry(const Result<control::Envelope>& envelope, int to) {
  if (!envelope) return envelope.error().code == Errc::full;
  std::vector<int> fds;
  for (const UniqueFd& fd : envelope->fds) fds.push_back(fd.get());
  return bool(control::send(to, envelope->message, fds));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--check-store") == 0) return 0;  // a trial
  const UniqueFd test = connect_to_test();
  introduce(test.get(), argc, argv);
  for (;;) {
    pollfd both[] = {{control::kBrokerControlFd, POLLIN, 0}, {test.get(), POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) return 23;
    if (both[0].revents != 0 && !carry(control::receive(control::kBrokerControlFd), test.get())) return 0;
    if (both[1].revents == 0) continue;
    const auto wish = control::receive(test.get());
    if (wish) obey(wish->message);
    if (!carry(wish, control::kBrokerControlFd)) return 0;
  }
}
