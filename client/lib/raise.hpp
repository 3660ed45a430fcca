// The line between Results and exceptions: everything inside the client room returns Results; only the public API throws, here.
#pragma once

#include <cstdint>
#include <string>

#include "client/lib/connections.hpp"
#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"
#include "proto/messages.hpp"

namespace jobpool::client {

[[noreturn]] void raise(const Error& error);         // of the transport
[[noreturn]] void raise_remote(const Reply& reply);  // Requires: reply.error is not empty

// Value or exception.
template <class T>
T value_or_raise(Result<T>&& result) {
  if (!result) raise(result.error());
  return std::move(*result);
}
template <class T>
T value_or_raise(RemoteResult<T>&& result) {
  if (result.refusal) raise_remote(*result.refusal);
  return value_or_raise(static_cast<Result<T>&&>(result));
}

// One call to its answer's parameters, recovered as `resend` allows.
proto::JsonObject ask(Connections& connections, std::string_view method, std::string_view parameters, Resend resend,
                      TimePoint deadline = kNever, std::vector<int> fds = {});

// The same of a call that is encoded already.
proto::JsonObject ask(Connections& connections, Message&& call, Resend resend, std::vector<int> fds = {});

// The answer's parameters, where there is one and it is no error.
proto::JsonObject answer_or_raise(Result<Reply>&& reply);

// Throws unless the job ended in a way that has a result: JobFailed, JobCancelled, Interrupted.
void raise_unless_succeeded(const proto::Ending& ending);
// The same for commands, where failing, crashing and timing out are results.
void raise_unless_ran(const proto::Ending& ending);

}  // namespace jobpool::client
