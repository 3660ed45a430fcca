// See minimal_daemon.hpp.
#include "tests/bench/minimal_daemon.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "common/unique_fd.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

constexpr ssize_t kClientMessageBytes = 64;

void watch(int epoll, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll");
}

void answer_client(int client) {
  char message[kClientMessageBytes];
  if (::read(client, message, sizeof(message)) != kClientMessageBytes) {
    ::close(client);
    return;
  }
  int status = 0;
  if (message[0] != 0) ::waitpid(spawn({"/bin/true"}), &status, 0);
  message[0] = status != 0 ? 1 : 0;
  if (::send(client, message, sizeof(message), MSG_NOSIGNAL) != kClientMessageBytes) ::close(client);
}

[[noreturn]] void serve_clients(int listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  watch(epoll.get(), listener);
  for (;;) {
    epoll_event event;
    if (::epoll_wait(epoll.get(), &event, 1, -1) != 1) continue;
    if (event.data.fd == listener) {
      watch(epoll.get(), ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    } else {
      answer_client(event.data.fd);
    }
  }
}

}  // namespace

MinimalDaemon::MinimalDaemon(const std::string& folder) : socket_(folder + "/minimal") {
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_.c_str(), sizeof(address.sun_path) - 1);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 || ::listen(listener.get(), 64) != 0)
    give_up(socket_);
  if ((pid_ = ::fork()) == 0) serve_clients(listener.get());
  if (pid_ < 0) give_up("fork");
}

MinimalDaemon::~MinimalDaemon() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace jobpool::bench
