// A broker that takes over, word by word: the test is its supervisor.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "common/control/message.hpp"
#include "common/shm/segment.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::testing;
using control::Kind;

namespace {

control::Message of(Kind kind, std::uint64_t worker = 0) {
  control::Message message;
  message.kind = kind;
  message.incarnation = Incarnation{worker};
  message.number = WorkerNumber{static_cast<std::uint32_t>(worker)};
  return message;
}

class Supervisor {
 public:
  Supervisor() {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    socket_.reset(pair[0]);
    const UniqueFd theirs{pair[1]};
    broker_.emplace(Invocation{.argv = {JOBPOOL_BROKER, "--control-fd", "0", "--instance", std::string(32, 'a'), "--state-dir", dir_.path(),
                                        "--workers", "0", "--restarts", "1", "--since", "0"},
                               .stdin_fd = theirs.get()});
    const UniqueFd ledger{::memfd_create("ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    const UniqueFd output{::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}, listening = listen();
    tell(of(Kind::welcome), {ledger.get(), output.get(), listening.get()});
  }

  void tell(const control::Message& message, const std::vector<int>& fds = {}) { REQUIRE(control::send(socket_.get(), message, fds)); }
  // An inherited one.
  void tell_of_worker(std::uint64_t number, const std::vector<int>& fds) {
    control::Message started = of(Kind::worker_started, number);
    started.pid = ::getpid();
    started.value = static_cast<std::int32_t>(control::Origin::inherited);
    tell(started, fds);
  }
  void tell_of_death(std::uint64_t number) {
    control::Message died = of(Kind::worker_died, number);
    died.code = CLD_KILLED;
    died.value = SIGKILL;
    tell(died);
  }

  // Up to the first of that kind, or to the end.
  std::vector<Kind> hear_until(Kind last) {
    std::vector<Kind> heard;
    while (heard.empty() || heard.back() != last) {
      pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      REQUIRE(::poll(&ready, 1, 60'000) == 1);
      const auto envelope = control::receive(socket_.get());
      if (!envelope) return heard;
      heard.push_back(envelope->message.kind);
    }
    return heard;
  }

 private:
  UniqueFd listen() const {
    UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    dir_.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
    return socket;
  }

  const TempDir dir_;
  UniqueFd socket_;
  std::optional<Child> broker_;
};

bool has(const std::vector<Kind>& kinds, Kind kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); }

}  // namespace

// The bug: a dead worker was forgotten as soon as it was told. What it costs its jobs is put down at the end of the handover; a broker that
// left before that left nobody who knew of it, and the next one took them for jobs that had never started.
TEST_CASE("a worker that died before a handover is forgotten when the handover is over and not before") {
  Supervisor supervisor;
  const auto segment = shm::create_segment();
  REQUIRE(segment);
  const UniqueFd orders{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  supervisor.tell_of_worker(1, {segment->control.get(), segment->to_worker.get(), segment->from_worker.get(), segment->payload.get(),
                                segment->eventfd.get(), orders.get()});
  supervisor.tell_of_death(1);
  supervisor.tell(of(Kind::checkup));
  CHECK_FALSE(has(supervisor.hear_until(Kind::healthy), Kind::forget_worker));
  supervisor.tell(of(Kind::handover_done));
  CHECK(has(supervisor.hear_until(Kind::ready), Kind::forget_worker));
}
