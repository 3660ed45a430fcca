// Asked anew each time: the next broker behind the socket may be of another version.
#include "client/lib/inherited.hpp"

#include <algorithm>

#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::client {
namespace {

Result<bool> understands_inherited(Connections& connections, TimePoint deadline) {
  RecoveringCall call(connections, proto::write_call("org.jobpool.Pool.Hello", "{}"), Resend::always);
  const Result<Reply> reply = call.finish(deadline);
  if (!reply) return reply.error();
  if (!reply->error.empty()) return describe_error(*reply);
  const Result<proto::Hello> hello = proto::read_hello(reply->parameters);
  if (!hello) return Error{Errc::protocol, "the daemon's Hello: " + hello.error().text};
  return std::ranges::find(hello->understands, proto::kUnderstandsInherited) != hello->understands.end();
}

}  // namespace

Result<void> settle_inherited(Connections& connections, proto::Submission& job, TimePoint deadline) {
  if (job.inherited == 0) return {};
  const Result<bool> is_understood = understands_inherited(connections, deadline);
  if (!is_understood) return is_understood.error();
  if (!*is_understood) job.inherited = 0;
  return {};
}

}  // namespace jobpool::client
