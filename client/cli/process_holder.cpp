// See process_holder.hpp.
#include "client/cli/process_holder.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "client/cli/tell.hpp"
#include "client/lib/connections.hpp"
#include "client/lib/daemonic_start.hpp"

namespace jobpool::cli {
namespace {

// Nobody's terminal and nobody's pipe is kept open.
void let_go_of_streams() {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, stream);
  if (nothing > STDERR_FILENO) ::close(nothing);
  static_cast<void>(::chdir("/"));
}

constexpr int kTold = STDERR_FILENO + 1, kOwner = kTold + 1;

// All but these two and the streams is closed: a lock or a pipe that our caller has left open to us would be held for the process's life.
// Where there are no descriptors left to do that with, all stays.
void let_go_of_the_rest(int& owner, UniqueFd& told) {
  // First out of the way of the numbers that they get.
  UniqueFd far_told(::fcntl(told.get(), F_DUPFD_CLOEXEC, kOwner + 1)), far_owner(::fcntl(owner, F_DUPFD_CLOEXEC, kOwner + 1));
  if (!far_told || !far_owner) return;
  told.reset();
  if (::dup3(far_told.get(), kTold, O_CLOEXEC) < 0 || ::dup3(far_owner.get(), kOwner, O_CLOEXEC) < 0) ::_exit(1);
  far_told.reset();
  far_owner.reset();
  told = UniqueFd(kTold);
  owner = kOwner;
  ::closefrom(kOwner + 1);
}

// Ends the holder. `told`: where our caller waits for its exit code.
[[noreturn]] void hold(const proto::ProcessStartRequest& request, const std::string& socket, int owner, UniqueFd told,
                       const std::function<int(const Result<client::Reply>&)>& tell) {
  ::setsid();
  let_go_of_the_rest(owner, told);
  client::DaemonicStart start(std::make_shared<client::Connections>(std::vector<std::string>{socket}), request);
  const Result<client::Reply> reply = start.answer();
  const auto code = static_cast<char>(tell(reply));
  let_go_of_streams();
  static_cast<void>(::write(told.get(), &code, 1));
  told.reset();
  if (reply && reply->error.empty()) start.hold_until(owner);
  ::_exit(0);
}

}  // namespace

int start_held(const proto::ProcessStartRequest& request, const std::string& socket, int owner,
               const std::function<int(const Result<client::Reply>&)>& tell) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(errno_error("pipe"));
  UniqueFd reading{ends[0]}, writing{ends[1]};
  const pid_t holder = ::fork();
  if (holder < 0) return fail(errno_error("fork"));
  if (holder == 0) {
    reading.reset();
    hold(request, socket, owner, std::move(writing), tell);
  }
  writing.reset();
  char code = 0;
  ssize_t size = 0;
  do size = ::read(reading.get(), &code, 1);
  while (size < 0 && errno == EINTR);
  if (size != 1)
    return fail(Error{Errc::closed, "the process that was to hold the connection ended; nobody knows whether the process started"});
  return static_cast<unsigned char>(code);
}

}  // namespace jobpool::cli
