// The forked worker of the kill tests. It has no test framework: what is wrong it writes into the ledger.
#include "tests/fault/worker_life.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

namespace jobpool::fault {

void run_claimed(shm::ClaimSide& side, const shm::Claim& claim, const Ledger& ledger) {
  const std::uint64_t id = claim.job.value;
  JobRecord& job = ledger.job(id);
  job.starts.fetch_add(1);
  ledger.expect(claim.payload == payload_of(id), "payload is not what was offered", id);
  side.report_start(claim, shm::StartBody{.started_usec = 1, .pid = ::getpid(), .reserved = 0});
  if (const std::size_t length = streamed_length(id)) side.report_data(claim, std::string(length, 'd'));
  job.fin_begun.fetch_add(1);
  const std::string result = result_of(id);
  side.report_fin(claim, std::as_bytes(std::span(result)));
  job.fin_returned.fetch_add(1);
}

namespace {

[[noreturn]] void live(shm::ClaimSide& side, const Ledger& ledger, std::uint32_t thread) {
  for (;;) {
    if (const auto claim = side.try_claim(thread)) {
      run_claimed(side, *claim, ledger);
    } else {
      side.wait(thread);
    }
  }
}

}  // namespace

pid_t spawn_worker(const shm::SegmentFds& fds, const Ledger& ledger) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  const auto own = shm::reopen_for_worker(fds);
  auto side = own ? shm::ClaimSide::map(*own) : own.error();
  if (!side) std::abort();
  std::vector<std::thread> others;
  for (std::uint32_t thread = 1; thread < side->threads(); ++thread) others.emplace_back([&, thread] { live(*side, ledger, thread); });
  live(*side, ledger, 0);
}

void kill_and_reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

}  // namespace jobpool::fault
