// The supervisor's patience with a broker: with one that reads its records, and with one that is ready.
#include "daemon/supervisor/broker_process.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "common/control/arguments.hpp"
#include "common/socket.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using namespace std::chrono_literals;

namespace {

// A message as it is sent, in a file.
UniqueFd file_with(control::Kind kind) {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  control::Message message;
  message.kind = kind;
  REQUIRE(control::send(pair->first.get(), message));
  char bytes[4096];
  const ssize_t size = ::recv(pair->second.get(), bytes, sizeof bytes, 0);
  UniqueFd file(::memfd_create("message", MFD_CLOEXEC));
  REQUIRE(::write(file.get(), bytes, static_cast<std::size_t>(size)) == size);
  REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
  return file;
}

// A program in a broker's place, which says one thing and reads nothing.
struct Silent {
  Silent(control::Kind says, BrokerProcess::Patience patience) : message(file_with(says)) {
    auto made = Loop::make();
    REQUIRE(made);
    loop.emplace(std::move(*made));
    auto started = Spawner::start();
    REQUIRE(started);
    spawner = std::move(*started);
    broker.emplace(*loop, *spawner,
                   BrokerProcess::Handlers{[this](const control::Message& said) { heard = said.kind; },
                                           [this](BrokerProcess::Death how) {
                                             death = how;
                                             loop->stop();
                                           }},
                   patience);
    SpawnPlan plan;
    plan.program = "/bin/sh";
    plan.arguments = {"-c", "/bin/cat <&4 >&3; exec /bin/sleep 1000"};
    static_assert(control::kBrokerControlFd == 3);
    plan.fds = {{message.get(), 4}};
    begun = Clock::now();
    REQUIRE(broker->start(std::move(plan)));
  }
  ~Silent() {
    if (!broker->is_alive()) return;
    broker->kill();
    static_cast<void>(loop->run());
  }
  // More than the socket holds. The bug: that was taken to be less than 2,000 messages; where a host's sockets have some MiB nothing was
  // kept, and the test waited for ever.
  void tell_much() {
    control::Message message;
    message.kind = control::Kind::forget_worker;
    auto alike = seqpacket_pair();
    REQUIRE(alike);
    int much = 2'000;
    while (control::send(alike->first.get(), message)) ++much;
    for (int i = 0; i < much; ++i) broker->tell(message);
  }

  const UniqueFd message;
  std::optional<Loop> loop;
  std::unique_ptr<Spawner> spawner;
  std::optional<BrokerProcess> broker;
  std::optional<control::Kind> heard;
  std::optional<BrokerProcess::Death> death;
  TimePoint begun;
};

}  // namespace

TEST_CASE("a broker that is not ready yet reads its records, for as long as that may take, and no messages") {
  // The bug: with more of these than the socket holds it was killed after ten seconds, and so was each that followed.
  Silent silent(control::Kind::drained, {.reading = 1ms, .start = 300ms});
  silent.tell_much();
  REQUIRE(silent.loop->run());
  REQUIRE(silent.death);
  CHECK(silent.death->value == SIGKILL);
  CHECK(Clock::now() - silent.begun >= 300ms);
}

TEST_CASE("a broker that is ready and does not read is ended") {
  Silent silent(control::Kind::ready, {.reading = 20ms, .start = 1h});
  silent.tell_much();
  REQUIRE(silent.loop->run());
  CHECK(silent.heard == control::Kind::ready);
  REQUIRE(silent.death);
  CHECK(silent.death->value == SIGKILL);
}
