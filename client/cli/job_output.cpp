// The Logs method and reading from its descriptor.
#include "client/cli/job_output.hpp"

#include <unistd.h>

#include <array>

#include "client/cli/tell.hpp"
#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kLogsPatience{60};  // the daemon has it at hand

Result<client::Reply> ask_for_logs(client::Connections& connections, const proto::LogsRequest& request, TimePoint deadline) {
  client::RecoveringCall call(connections, proto::write_call("org.jobpool.Job.Logs", proto::write_logs(request)), client::Resend::always);
  return call.finish(deadline);
}

}  // namespace

Result<JobOutput> open_job_output(Context& context, JobId id, OutputStream stream, NotBegun not_begun) {
  const Result<client::Connections*> connections = context.connect();
  return connections ? open_job_output(**connections, id, stream, not_begun) : connections.error();
}

Result<JobOutput> open_job_output(client::Connections& connections, JobId id, OutputStream stream, NotBegun not_begun) {
  proto::LogsRequest request{id, stream == OutputStream::standard_error};
  request.wait = not_begun != NotBegun::tell;
  Result<client::Reply> reply =
      ask_for_logs(connections, request, not_begun == NotBegun::wait ? client::kNever : Clock::now() + kLogsPatience);
  if (reply && !request.wait && reply->error == proto::error::kInvalidParameter) {  // an older daemon
    request.wait = true;
    reply = ask_for_logs(connections, request, client::kNever);
  }
  if (!reply) return reply.error();
  if (reply->error == proto::error::kNotBegun) return JobOutput{{}, true, client::describe_error(*reply).text};
  if (!reply->error.empty()) return client::describe_error(*reply);
  const Result<proto::LogPlace> place = proto::read_log_place(reply->parameters);
  if (!place || place->descriptor >= static_cast<int>(reply->fds.size()))
    return Error{Errc::protocol, "job " + std::to_string(id.value) + ": the daemon's answer lacks the descriptor of its output"};
  return JobOutput{std::move(reply->fds[static_cast<std::size_t>(place->descriptor)]), place->running, {}};
}

Result<void> copy_output(int file, off_t& offset, int to) {
  std::array<char, 64 * 1024> bytes;
  for (;;) {
    // pread: the descriptor's own position may be shared with the daemon's.
    const ssize_t got = ::pread(file, bytes.data(), bytes.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read the job's output");
    if (got == 0) return {};
    if (auto written = write_all(to, std::string_view{bytes.data(), static_cast<std::size_t>(got)}); !written) return written;
    offset += got;
  }
}

Result<void> read_output(int file, std::string& text) {
  std::array<char, 64 * 1024> bytes;
  for (off_t offset = 0;;) {
    const ssize_t got = ::pread(file, bytes.data(), bytes.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read the job's output");
    if (got == 0) return {};
    text.append(bytes.data(), static_cast<std::size_t>(got));
    offset += got;
  }
}

}  // namespace jobpool::cli
