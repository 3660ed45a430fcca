// See bare_pass.hpp.
#include "tests/bench/bare_pass.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

// Into one buffer as large as a pass, and one byte back for each pass.
[[noreturn]] void read_passes(int socket, std::size_t bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string buffer(bytes, '\0');
  for (;;) {
    if (::recv(socket, buffer.data(), bytes, MSG_WAITALL) != static_cast<ssize_t>(bytes)) std::_Exit(0);
    if (::send(socket, "", 1, MSG_NOSIGNAL) != 1) std::_Exit(1);
  }
}

}  // namespace

BarePass::BarePass(std::size_t bytes) : bytes_(bytes, 'x'), copy_(bytes, 'y') {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) give_up("socketpair");
  socket_.reset(pair[0]);
  const UniqueFd theirs(pair[1]);
  if ((reader_ = ::fork()) == 0) read_passes(theirs.get(), bytes);
  if (reader_ < 0) give_up("fork");
}

BarePass::~BarePass() {
  ::kill(reader_, SIGKILL);
  ::waitpid(reader_, nullptr, 0);
}

void BarePass::copy_and_pass() {
  std::memcpy(copy_.data(), bytes_.data(), bytes_.size());
  for (std::size_t sent = 0; sent < copy_.size();) {
    const ssize_t more = ::send(socket_.get(), copy_.data() + sent, copy_.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) give_up("the bare pass");
    sent += static_cast<std::size_t>(more);
  }
  char answer;
  if (::recv(socket_.get(), &answer, 1, 0) != 1) give_up("the bare pass");
}

}  // namespace jobpool::bench
