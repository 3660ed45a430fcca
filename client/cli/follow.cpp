// The loop of logs -f: copy, then sleep until the file grew or the job ended.
#include "client/cli/follow.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

// Through /proc, so that the file we hold is watched, whatever its name is or was.
Result<UniqueFd> watch(int file) {
  UniqueFd changes{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!changes) return errno_error("inotify");
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (::inotify_add_watch(changes.get(), path.c_str(), IN_MODIFY) < 0) return errno_error("watch the job's output");
  return changes;
}

void forget_changes(int changes) {
  std::array<char, 4096> events;
  while (::read(changes, events.data(), events.size()) > 0) {
  }
}

bool is_same_file(int one, int other) {
  struct stat a {
  }, b{};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

Result<void> copy_last_attempt(Context& context, JobId id, OutputStream stream, int followed, int to) {
  const Result<JobOutput> last = open_job_output(context, id, stream);
  if (!last || is_same_file(last->file.get(), followed)) return {};  // forgotten already: there is no more than was shown
  off_t offset = 0;
  return copy_output(last->file.get(), offset, to);
}

}  // namespace

Result<void> follow_output(Context& context, JobId id, OutputStream stream, int file, int to) {
  const Result<UniqueFd> changes = watch(file);
  if (!changes) return changes.error();
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return connections.error();
  const std::string request = proto::write_wait(proto::WaitRequest{{id}, std::nullopt});
  client::RecoveringCall end(**connections, proto::write_call("org.jobpool.Job.Wait", request), client::Resend::always);
  off_t offset = 0;
  for (;;) {
    // Watched before it is read: what comes between the two wakes us.
    if (auto copied = copy_output(file, offset, to); !copied) return copied;
    std::array<pollfd, 1> others{{{changes->get(), POLLIN, 0}}};
    const Result<std::optional<client::Reply>> reply = end.next(client::kNever, others);
    if (!reply) return reply.error();
    forget_changes(changes->get());
    if (!*reply) continue;
    if (!(*reply)->error.empty()) return client::describe_error(**reply);
    if (auto copied = copy_output(file, offset, to); !copied) return copied;
    return copy_last_attempt(context, id, stream, file, to);
  }
}

}  // namespace jobpool::cli
