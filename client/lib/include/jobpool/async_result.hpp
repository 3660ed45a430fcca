// The handle of a submitted job, multiprocessing's AsyncResult: any client that knows the id can have one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "jobpool/command.hpp"
#include "jobpool/end_watch.hpp"
#include "jobpool/errors.hpp"
#include "jobpool/export.hpp"
#include "jobpool/value.hpp"

namespace jobpool {
namespace client {
class Connections;
}

class JOBPOOL_EXPORT AsyncResult {
 public:
  using Timeout = std::optional<std::chrono::microseconds>;  // nullopt: as long as it takes

  std::uint64_t id() const { return id_; }

  // A function's result, waited for. Errors: TimeoutError (the job goes on), JobFailed, JobCancelled, Interrupted, NoSuchJob,
  // ConnectionLost; InvalidCall: the result is of another type.
  template <class T = Json>
  T get(Timeout timeout = {}) const {
    return json_value<T>(get_text(timeout));
  }
  // The same for a command. An exit code other than 0 is no error, as with every other way to run commands.
  CommandResult get_command(Timeout timeout = {}) const;

  // Waits for the end without asking how. False: not in time.
  bool wait(Timeout timeout = {}) const;
  bool ready() const;       // ended?
  bool successful() const;  // ended well? Errors: NotReady before the end; NoSuchJob where no record of it is left

  // multiprocessing's callback and error_callback: one of them is called when it has ended, by another thread, as long as the EndWatch is
  // kept. Either may be empty.
  template <class T = Json>
  [[nodiscard]] EndWatch then(std::function<void(T)> callback, std::function<void(const ClientError&)> error_callback = {}) const {
    return when_ended([callback = std::move(callback), error_callback = std::move(error_callback)](const AsyncResult& ended) {
      std::optional<T> result;
      try {
        result = ended.get<T>();
      } catch (const ClientError& error) {
        if (error_callback) error_callback(error);
        return;
      }
      if (callback) callback(std::move(*result));
    });
  }
  // The same for commands, and for whoever wants to know more: `call` asks what it likes.
  [[nodiscard]] EndWatch when_ended(std::function<void(const AsyncResult&)> call) const;

  // Stops it for good, the whole tree; returns when it has ended. False: it had ended before; also by this very call, where a broker died
  // when it had done it and before it said so (get() tells). So does remove().
  bool cancel() const;
  // Submits it again, as a new job, when it has ended. Errors: NotEnded; NotRetryable: it is not durable, a map or a process; those of
  // apply_async.
  AsyncResult retry() const;
  // Makes the daemon forget it, result and output too. False: it had been forgotten before. Errors: NotEnded.
  bool remove() const;
  // Errors: NotRunning.
  void kill(int signal) const;

 private:
  friend class Pool;
  friend class Client;
  AsyncResult(std::shared_ptr<client::Connections> connections, std::uint64_t id) : connections_(std::move(connections)), id_(id) {}
  std::string get_text(Timeout timeout) const;

  std::shared_ptr<client::Connections> connections_;  // shared: a result may outlive the Client it came from, as in Python
  std::uint64_t id_;
};

}  // namespace jobpool
