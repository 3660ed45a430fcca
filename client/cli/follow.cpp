// The loop of logs -f: copy, then sleep until the file grew or something happened to the job; then look which file it writes to now.
#include "client/cli/follow.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "client/lib/remote_error.hpp"
#include "proto/event_messages.hpp"

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

// Each attempt has a file of its own.
class Follower {
 public:
  Follower(client::Connections& connections, JobId id, OutputStream stream, UniqueFd file, int to)
      : connections_(connections), id_(id), stream_(stream), to_(to), file_(std::move(file)) {}

  Result<void> to_the_end() {
    if (auto watched = watch_file(); !watched) return watched;
    Result<News> news = follow_attempts();
    if (!news) return news.error();
    return *news == News::end ? Result<void>{} : follow_last_attempt();
  }

 private:
  enum class News { none_to_be_had, end };

  Result<void> watch_file() {
    Result<UniqueFd> changes = watch(file_.get());
    if (!changes) return changes.error();
    changes_ = std::move(*changes);
    return {};
  }
  Result<void> copy() { return copy_output(file_.get(), offset_, to_); }

  // The next reply. The file is copied meanwhile: watched before it is read, so that what comes between the two wakes us.
  Result<client::Reply> copy_until_reply(client::RecoveringCall& call) {
    for (;;) {
      if (auto copied = copy(); !copied) return copied.error();
      std::array<pollfd, 1> others{{{changes_.get(), POLLIN, 0}}};
      Result<std::optional<client::Reply>> reply = call.next(client::kNever, others);
      if (!reply) return reply.error();
      forget_changes(changes_.get());
      if (*reply) return std::move(**reply);
    }
  }

  // Whatever is told of the job may be that another attempt of it runs, or its end. The stream begins with a reply, before which attempts
  // may have ended; after the death of a broker it begins anew, likewise.
  Result<News> follow_attempts() {
    const std::string request = proto::write_events({{id_}, std::nullopt});
    client::RecoveringCall events(connections_, proto::write_call("org.jobpool.Pool.Events", request, proto::CallMode::more),
                                  client::Resend::always);
    for (;;) {
      const Result<client::Reply> reply = copy_until_reply(events);
      if (!reply) return reply.error();
      if (!reply->error.empty() || !reply->continues) return News::none_to_be_had;  // so many listen already; the daemon goes down
      const Result<bool> goes_on = take_up_attempt();
      if (!goes_on) return goes_on.error();
      if (!*goes_on) return News::end;
    }
  }

  // Waits for nothing: when another attempt runs, that is told. (Only a daemon that knows no better answers when it does; hence the first
  // copy.) False: the job has ended, and all is copied.
  Result<bool> take_up_attempt() {
    if (auto copied = copy(); !copied) return copied.error();
    Result<JobOutput> current = open_job_output(connections_, id_, stream_, NotBegun::tell);
    if (!current && current.error().code != Errc::not_found) return current.error();
    if (auto copied = copy(); !copied) return copied.error();
    if (!current) return false;  // forgotten: there is no more than was shown
    if (current->file && !is_same_file(current->file.get(), file_.get())) {
      file_ = std::move(current->file);
      offset_ = 0;
      if (auto watched = watch_file(); !watched) return watched.error();
      if (auto copied = copy(); !copied) return copied.error();
    }
    return current->running;
  }

  // Without news of what is between.
  Result<void> follow_last_attempt() {
    const std::string request = proto::write_wait(proto::WaitRequest{{id_}, std::nullopt});
    client::RecoveringCall end(connections_, proto::write_call("org.jobpool.Job.Wait", request), client::Resend::always);
    const Result<client::Reply> reply = copy_until_reply(end);
    if (!reply) return reply.error();
    if (!reply->error.empty()) return client::describe_error(*reply);
    const Result<bool> last = take_up_attempt();
    return last ? Result<void>{} : last.error();
  }

  client::Connections& connections_;
  const JobId id_;
  const OutputStream stream_;
  const int to_;
  UniqueFd file_, changes_;
  off_t offset_ = 0;
};

}  // namespace

Result<void> follow_output(Context& context, JobId id, OutputStream stream, UniqueFd file, int to) {
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return connections.error();
  return Follower(**connections, id, stream, std::move(file), to).to_the_end();
}

}  // namespace jobpool::cli
