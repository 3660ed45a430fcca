// What can go wrong, as C++ users of a multiprocessing-like API expect it: exceptions, all derived from ClientError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "jobpool/export.hpp"

namespace jobpool {

class JOBPOOL_EXPORT ClientError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The daemon cannot be reached, or was lost and did not come back. The call had no effect, or only asked, or may be made again: doing it
// twice is as doing it once (close, cancel…).
class JOBPOOL_EXPORT ConnectionLost : public ClientError {
 public:
  using ClientError::ClientError;
};

// The outcome is unknown: the worker, the daemon or the host died while the job may have run. It was not run again. Or the daemon was lost
// while a call that acts may have had its effect (put, get, task_done, kill, create_pool…): to make it again could do it twice.
class JOBPOOL_EXPORT Interrupted : public ClientError {
 public:
  using ClientError::ClientError;
};

// The time given to get() or wait() is over; the job goes on.
class JOBPOOL_EXPORT TimeoutError : public ClientError {
 public:
  using ClientError::ClientError;
};

// The job ended without success. A function that threw: its exception's type and text. Else `type` is the outcome: "crashed", "timed_out"…
class JOBPOOL_EXPORT JobFailed : public ClientError {
 public:
  JobFailed(std::uint64_t id, std::string type, std::string message)
      : ClientError(type + ": " + message), id_(id), type_(std::move(type)), message_(std::move(message)) {}
  std::uint64_t id() const noexcept { return id_; }
  const std::string& type() const noexcept { return type_; }
  const std::string& message() const noexcept { return message_; }

 private:
  std::uint64_t id_;
  std::string type_, message_;
};

// An item of a map failed: item `index()`, counted from 0. The others are not harmed.
class JOBPOOL_EXPORT ItemFailed : public JobFailed {
 public:
  ItemFailed(std::size_t index, std::uint64_t id, const std::string& type, const std::string& message)
      : JobFailed(id, type, "item " + std::to_string(index) + ": " + message), index_(index) {}
  std::size_t index() const noexcept { return index_; }

 private:
  std::size_t index_;
};

class JOBPOOL_EXPORT JobCancelled : public JobFailed {
 public:
  using JobFailed::JobFailed;
};

// successful() was asked before the end.
class JOBPOOL_EXPORT NotReady : public ClientError {
 public:
  using ClientError::ClientError;
};

// kill(): the job does not run, or no longer.
class JOBPOOL_EXPORT NotRunning : public ClientError {
 public:
  using ClientError::ClientError;
};

class JOBPOOL_EXPORT NoSuchJob : public ClientError {
 public:
  using ClientError::ClientError;
};

class JOBPOOL_EXPORT NoSuchPool : public ClientError {
 public:
  using ClientError::ClientError;
};

// The pool takes no more jobs: it is closed or was terminated (Pool::resume reopens it), or the daemon is going down.
class JOBPOOL_EXPORT PoolNotRunning : public ClientError {
 public:
  using ClientError::ClientError;
};

// join(): the pool is neither closed nor terminated, so that its workers never leave. delete_pool(): likewise, or they have not left yet.
class JOBPOOL_EXPORT PoolStillRunning : public ClientError {
 public:
  using ClientError::ClientError;
};

// create_pool(): there is one of that name.
class JOBPOOL_EXPORT PoolExists : public ClientError {
 public:
  using ClientError::ClientError;
};

// A bounded queue is full, the pool's or a named one; try again later.
class JOBPOOL_EXPORT QueueFull : public ClientError {
 public:
  using ClientError::ClientError;
};

// A named queue is empty; try again later.
class JOBPOOL_EXPORT QueueEmpty : public ClientError {
 public:
  using ClientError::ClientError;
};

// Never made, deleted (while the call waited, too), or not durable and gone with an earlier daemon.
class JOBPOOL_EXPORT NoSuchQueue : public ClientError {
 public:
  using ClientError::ClientError;
};

// create_queue(): the name is taken.
class JOBPOOL_EXPORT QueueExists : public ClientError {
 public:
  using ClientError::ClientError;
};

// task_done(): for more items than were put.
class JOBPOOL_EXPORT DoneTooOften : public ClientError {
 public:
  using ClientError::ClientError;
};

// Not started, or forgotten.
class JOBPOOL_EXPORT NoSuchProcess : public ClientError {
 public:
  using ClientError::ClientError;
};

// start(): a process of that name is alive.
class JOBPOOL_EXPORT ProcessExists : public ClientError {
 public:
  using ClientError::ClientError;
};

// The daemon's disk is full: durable jobs, and the items of all queues, are refused until there is room; other jobs are taken.
class JOBPOOL_EXPORT StoreFull : public ClientError {
 public:
  using ClientError::ClientError;
};

// The key belongs to another submission: to the job `id()`.
class JOBPOOL_EXPORT KeyConflict : public ClientError {
 public:
  KeyConflict(std::uint64_t id, const std::string& message) : ClientError(message), id_(id) {}
  std::uint64_t id() const noexcept { return id_; }

 private:
  std::uint64_t id_;
};

// `after`, `after_any` or `after_failed` names a job that there never was, or that was removed.
class JOBPOOL_EXPORT NoSuchDependency : public ClientError {
 public:
  using ClientError::ClientError;
};

// remove(): the job has not ended.
class JOBPOOL_EXPORT NotEnded : public ClientError {
 public:
  using ClientError::ClientError;
};

// retry(): what the job ran is not kept, or it is a map.
class JOBPOOL_EXPORT NotRetryable : public ClientError {
 public:
  using ClientError::ClientError;
};

// The caller's own words are off: a submission that cannot be, a result that is not of the type asked for.
class JOBPOOL_EXPORT InvalidCall : public ClientError {
 public:
  using ClientError::ClientError;
};

}  // namespace jobpool
