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

}  // namespace

Result<JobOutput> open_job_output(Context& context, JobId id, OutputStream stream, NotBegun not_begun) {
  const Result<client::Connections*> connections = context.connect();
  return connections ? open_job_output(**connections, id, stream, not_begun) : connections.error();
}

Result<JobOutput> open_job_output(client::Connections& connections, JobId id, OutputStream stream, NotBegun not_begun) {
  const std::string request = proto::write_logs(proto::LogsRequest{id, stream == OutputStream::standard_error});
  client::RecoveringCall call(connections, proto::write_call("org.jobpool.Job.Logs", request), client::Resend::always);
  Result<client::Reply> reply = call.finish(not_begun == NotBegun::wait ? client::kNever : Clock::now() + kLogsPatience);
  if (!reply) return reply.error();
  if (!reply->error.empty()) return client::describe_error(*reply);
  const Result<proto::LogPlace> place = proto::read_log_place(reply->parameters);
  if (!place || place->descriptor >= static_cast<int>(reply->fds.size()))
    return Error{Errc::protocol, "job " + std::to_string(id.value) + ": the daemon's answer lacks the descriptor of its output"};
  return JobOutput{std::move(reply->fds[static_cast<std::size_t>(place->descriptor)]), place->running};
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
