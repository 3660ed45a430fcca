// See bare_chain.hpp. Daemon and worker are forked processes, each in its own endless loop until it is killed.
#include "tests/bench/bare_chain.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

#include "common/shm/futex.hpp"
#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

constexpr std::size_t kMaxMessageBytes = 4096;

// The daemon writes text and length, then state := asked (release); the worker answers in place, then state := answered (release).
// Each side reads the state with acquire before it touches the rest.
struct Slot {
  enum State : std::uint32_t { idle, asked, answered };
  std::atomic<std::uint32_t> state{idle};
  std::uint32_t length = 0;
  char text[kMaxMessageBytes];
};

[[noreturn]] void serve_calls(Slot& slot, int bell, const std::function<BareChain::Work()>& prepare) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const BareChain::Work work = prepare ? prepare() : BareChain::Work{};
  char copy[kMaxMessageBytes];
  for (;;) {
    for (std::uint32_t seen; (seen = slot.state.load(std::memory_order_acquire)) != Slot::asked;) shm::futex_wait(slot.state, seen);
    std::memcpy(copy, slot.text, slot.length);
    if (work) work();
    std::memcpy(slot.text, copy, slot.length);
    slot.state.store(Slot::answered, std::memory_order_release);
    if (::eventfd_write(bell, 1) != 0) give_up("eventfd");
  }
}

[[noreturn]] void serve(Slot& slot, int bell, int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {bell, socket}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll");
  }
  for (;;) {
    epoll_event event;
    if (::epoll_wait(epoll.get(), &event, 1, -1) != 1) continue;
    if (event.data.fd == socket) {
      const ssize_t got = ::read(socket, slot.text, sizeof(slot.text));
      if (got <= 0) std::_Exit(0);
      slot.length = static_cast<std::uint32_t>(got);
      slot.state.store(Slot::asked, std::memory_order_release);
      shm::futex_wake(slot.state, 1);
    } else {
      eventfd_t rings;
      if (::eventfd_read(bell, &rings) != 0 || slot.state.load(std::memory_order_acquire) != Slot::answered) continue;
      slot.state.store(Slot::idle, std::memory_order_relaxed);
      if (::write(socket, slot.text, slot.length) != static_cast<ssize_t>(slot.length)) std::_Exit(1);
    }
  }
}

}  // namespace

BareChain::BareChain(const std::function<Work()>& prepare) {
  void* memory = ::mmap(nullptr, sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  int pair[2];
  const UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (memory == MAP_FAILED || !bell || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) give_up("the bare chain");
  Slot& slot = *new (memory) Slot;
  client_.reset(pair[0]);
  const UniqueFd server(pair[1]);
  if ((worker_ = ::fork()) == 0) serve_calls(slot, bell.get(), prepare);
  if ((daemon_ = ::fork()) == 0) serve(slot, bell.get(), server.get());
  ::munmap(memory, sizeof(Slot));
  if (worker_ < 0 || daemon_ < 0) give_up("fork");
}

BareChain::~BareChain() {
  for (const pid_t pid : {daemon_, worker_}) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

void BareChain::call(const std::string& message) {
  char reply[kMaxMessageBytes];
  if (::write(client_.get(), message.data(), message.size()) != static_cast<ssize_t>(message.size())) give_up("the bare chain's socket");
  for (std::size_t got = 0; got < message.size();) {
    const ssize_t more = ::read(client_.get(), reply + got, sizeof(reply) - got);
    if (more <= 0) give_up("the bare chain's daemon");
    got += static_cast<std::size_t>(more);
  }
}

}  // namespace jobpool::bench
