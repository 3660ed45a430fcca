// See bare_stream.hpp. Daemon and workers are forked processes, each in its own endless loop until it is killed.
#include "tests/bench/bare_stream.hpp"

#include <poll.h>
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

constexpr int kMaxWorkers = 16;
constexpr std::uint32_t kJobs = 1024;  // in flight at one worker; its answers need no more room

// One a worker. The daemon writes jobs and `submitted`, the worker answers and `answered`: store release, load acquire. A sleeper says so
// in its flag, fences (seq_cst) and looks once more; the other side stores its counter, fences and takes the flag down before it wakes it.
struct Lane {
  alignas(64) std::atomic<std::uint32_t> submitted{0};
  alignas(64) std::atomic<std::uint32_t> answered{0};
  alignas(64) std::atomic<std::uint32_t> worker_asleep{0};
  char jobs[kJobs][kStreamRequestBytes];
  char answers[kJobs][kStreamAnswerBytes];
};
struct Shared {
  alignas(64) std::atomic<std::uint32_t> daemon_asleep{0};
  Lane lanes[kMaxWorkers];
};
void fence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

[[noreturn]] void work_lane(Shared& shared, Lane& lane, int bell) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (std::uint32_t done = 0;;) {
    const std::uint32_t end = lane.submitted.load(std::memory_order_acquire);
    if (done == end) {
      lane.worker_asleep.store(1);
      fence();
      if (lane.submitted.load(std::memory_order_acquire) == done) shm::futex_wait(lane.worker_asleep, 1);
      lane.worker_asleep.store(0);
      continue;
    }
    for (; done != end; ++done) std::memcpy(lane.answers[done % kJobs], lane.jobs[done % kJobs], kStreamAnswerBytes - 1);
    lane.answered.store(done, std::memory_order_release);
    fence();
    if (shared.daemon_asleep.load(std::memory_order_relaxed) != 0 && shared.daemon_asleep.exchange(0) != 0) ::eventfd_write(bell, 1);
  }
}

class Daemon {
 public:
  Daemon(Shared& shared, int workers, int bell, int socket) : shared_(shared), bell_(bell), socket_(socket) {
    for (int i = 0; i < workers; ++i) lanes_.push_back({&shared.lanes[i], 0, 0});
  }
  [[noreturn]] void serve() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
      bool moved = collect();
      moved = write_out() || moved;
      moved = submit() || moved;
      if (in_.size() < kStreamRequestBytes) moved = read_in() || moved;
      if (!moved) sleep();
    }
  }

 private:
  struct Seat {
    Lane* lane;
    std::uint32_t submitted, collected;
  };

  bool collect() {
    const std::size_t before = out_.size();
    for (Seat& seat : lanes_) {
      const std::uint32_t end = seat.lane->answered.load(std::memory_order_acquire);
      for (; seat.collected != end; ++seat.collected) out_.append(seat.lane->answers[seat.collected % kJobs], kStreamAnswerBytes);
    }
    return out_.size() != before;
  }
  bool write_out() {
    if (out_.empty()) return false;
    const ssize_t sent = ::send(socket_, out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    return sent > 0;
  }
  bool submit() {
    std::size_t taken = 0;
    for (bool room = true; room;) {
      room = false;
      for (Seat& seat : lanes_) {
        if (in_.size() - taken < kStreamRequestBytes || seat.submitted - seat.collected == kJobs) continue;
        std::memcpy(seat.lane->jobs[seat.submitted++ % kJobs], in_.data() + taken, kStreamRequestBytes);
        taken += kStreamRequestBytes;
        room = true;
      }
    }
    if (taken == 0) return false;
    in_.erase(0, taken);
    for (Seat& seat : lanes_) {
      seat.lane->submitted.store(seat.submitted, std::memory_order_release);
      fence();
      if (seat.lane->worker_asleep.load(std::memory_order_relaxed) != 0 && seat.lane->worker_asleep.exchange(0) != 0)
        shm::futex_wake(seat.lane->worker_asleep, 1);
    }
    return true;
  }
  bool read_in() {
    char buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got == 0) std::_Exit(0);
    if (got > 0) in_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
  void sleep() {
    shared_.daemon_asleep.store(1);
    fence();
    bool idle = true;
    for (const Seat& seat : lanes_) idle = idle && seat.lane->answered.load(std::memory_order_acquire) == seat.collected;
    const bool wants_input = in_.size() < kStreamRequestBytes;
    pollfd fds[] = {{bell_, POLLIN, 0}, {socket_, static_cast<short>((wants_input ? POLLIN : 0) | (out_.empty() ? 0 : POLLOUT)), 0}};
    if (idle) ::poll(fds, 2, -1);
    shared_.daemon_asleep.store(0);
    eventfd_t rings;
    if (fds[0].revents != 0) ::eventfd_read(bell_, &rings);
  }

  Shared& shared_;
  int bell_, socket_;
  std::vector<Seat> lanes_;
  std::string in_, out_;
};

}  // namespace

std::string BareStream::request() { return std::string(kStreamRequestBytes - 1, 'x') + '\0'; }

BareStream::BareStream(int workers) {
  if (workers > kMaxWorkers) give_up("the bare stream takes 16 workers at most");
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  int pair[2];
  const UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (memory == MAP_FAILED || !bell || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) give_up("the bare stream");
  Shared& shared = *new (memory) Shared;
  client_.reset(pair[0]);
  const UniqueFd server(pair[1]);
  for (int i = 0; i < workers; ++i) {
    children_.push_back(::fork());
    if (children_.back() == 0) work_lane(shared, shared.lanes[i], bell.get());
  }
  children_.push_back(::fork());
  if (children_.back() == 0) Daemon(shared, workers, bell.get(), server.get()).serve();
}

BareStream::~BareStream() {
  for (const pid_t pid : children_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

}  // namespace jobpool::bench
