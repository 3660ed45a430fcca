// What a Varlink error of the daemon means to people: a sentence that names the thing and the remedy. And the Result that keeps the error
// itself beside its sentence. No I/O.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "client/lib/connection.hpp"
#include "common/result.hpp"

namespace jobpool::client {

// Requires: reply.error is not empty. The names that are not ours give Errc::protocol.
Error describe_error(const Reply& reply);
// Of one that was told within a reply, as if it were one. `parameters`: JSON text of the object.
Reply error_reply(std::string error, std::string_view parameters);

// Of what was asked of the daemon. Its own errors are exceptions of their own in the public API (raise.hpp), which their sentence and its
// code are too little for.
template <class T>
struct RemoteResult : Result<T> {
  using Result<T>::Result;
  // Requires: answer.error is not empty.
  RemoteResult(Reply answer) : Result<T>(describe_error(answer)), refusal(std::make_shared<const Reply>(std::move(answer))) {}

  std::shared_ptr<const Reply> refusal;  // null: there is no error, or it is not the daemon's
};

}  // namespace jobpool::client
