// Stands in for jobpool-worker: does what the test says over the orders socket. Leaves on hang-up.
//   leave   exit 0                                   stop    exit with `value`
//   signal  value > 0: start so many processes that outlive it, each in a session of its own; answers with the pid of one of them
//           value = 0: answers with the number of open descriptors and the soft limit of open files
//           value < 0: from now on does not look at hang-ups; below -1: and has a child; answers
// Worker numbers from 100 on exit with 3 at once. Without one it waits for its place, as a spare worker does.
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/control/arguments.hpp"
#include "common/control/order.hpp"
#include "common/control/place.hpp"

using namespace jobpool;

namespace {

bool stubborn = false;

void answer(std::int64_t usec, std::int32_t value) {
  control::Order order;
  order.kind = control::OrderKind::signal;
  order.usec = usec;
  order.value = value;
  if (!control::send_order(control::kWorkerOrdersFd, order)) ::_exit(30);
}

std::int32_t count_fds() {
  DIR* list = ::opendir("/proc/self/fd");
  std::int32_t count = -3;  // the list's own, "." and ".."
  while (::readdir(list) != nullptr) ++count;
  ::closedir(list);
  return count;
}

// fork and fork again, as a daemon does: nobody but the nearest subreaper knows the second.
pid_t leave_one_behind() {
  int told[2];
  if (::pipe(told) != 0) ::_exit(31);
  const pid_t between = ::fork();
  if (between == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    const pid_t pid = ::getpid();
    if (::write(told[1], &pid, sizeof pid) != sizeof pid) ::_exit(32);
    for (int fd = 3; fd < 64; ++fd) ::close(fd);
    for (;;) ::pause();
  }
  pid_t pid = 0;
  if (::read(told[0], &pid, sizeof pid) != sizeof pid) ::_exit(33);
  ::waitpid(between, nullptr, 0);  // the one in between may be slower than its child, and would be counted
  ::close(told[0]);
  ::close(told[1]);
  return pid;
}

void obey(const control::Order& order) {
  if (order.kind == control::OrderKind::leave) ::_exit(0);
  if (order.kind == control::OrderKind::stop) ::_exit(order.value);
  if (order.value == 0) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return answer(static_cast<std::int64_t>(limit.rlim_cur), count_fds());
  }
  if (order.value < 0) {
    stubborn = true;
    if (order.value < -1 && ::fork() == 0) {
      for (;;) ::pause();
    }
    return answer(0, 0);
  }
  pid_t last = 0;
  for (int i = 0; i < order.value; ++i) last = leave_one_behind();
  answer(0, last);
}

// 0: there is none among the words.
int number_in(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "--number") return std::atoi(words[i + 1].c_str());
  return 0;
}

// 0: the supervisor has hung up.
int wait_for_number() {
  for (;;) {
    pollfd news{control::kWorkerSupervisorFd, POLLIN, 0};
    if (::poll(&news, 1, -1) < 0) continue;
    const auto words = control::receive_place(control::kWorkerSupervisorFd);
    return words ? number_in(*words) : 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) return 0;  // a trial
  int number = number_in({argv, argv + argc});
  if (number == 0) number = wait_for_number();
  if (number == 0) return 0;
  if (number >= 100) return 3;
  for (;;) {
    pollfd both[] = {{control::kWorkerOrdersFd, POLLIN, 0}, {stubborn ? -1 : control::kWorkerSupervisorFd, POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) continue;
    if (both[1].revents != 0) return 0;
    auto order = control::receive_order(control::kWorkerOrdersFd);
    if (order) obey(order->order);
  }
}
