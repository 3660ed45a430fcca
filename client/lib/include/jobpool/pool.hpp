// A pool of workers by name: submit functions and commands, and wait for them or not. Cheap to copy; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "jobpool/async_result.hpp"
#include "jobpool/command.hpp"
#include "jobpool/submit_options.hpp"
#include "jobpool/value.hpp"

namespace jobpool {

class Pool {
 public:
  const std::string& name() const { return name_; }

  // The same pool, with these terms for whatever is submitted through it:
  // `pool.with({.priority = 5, .retries = 3}).apply_async("thumbnail", file)`.
  Pool with(SubmitOptions options) const;

  // Runs `function` and waits: `int n = pool.apply<int>("square", 7);`. The job ends with this process: nobody would fetch the result.
  // When the broker is restarted meanwhile, the call goes on; when the daemon is, it ends Interrupted and nothing is run twice.
  // Errors: JobFailed, JobCancelled, Interrupted, NoSuchPool, PoolNotRunning, QueueFull, StoreFull, KeyConflict, NoSuchDependency,
  // InvalidCall, ConnectionLost.
  template <class T = Json, class... Arguments>
  T apply(std::string_view function, const Arguments&... arguments) const {
    return json_value<T>(apply_text(function, json_array(arguments...)));
  }
  CommandResult apply(const Command& command) const;

  // Submits only. Errors: as apply, without those of the job itself.
  template <class... Arguments>
  AsyncResult apply_async(std::string_view function, const Arguments&... arguments) const {
    return apply_async_text(function, json_array(arguments...));
  }
  AsyncResult apply_async(const Command& command) const;

  // The same with the arguments as JSON text of an array, and the result as JSON text.
  std::string apply_text(std::string_view function, std::string arguments) const;
  AsyncResult apply_async_text(std::string_view function, std::string arguments) const;

 private:
  friend class Client;
  Pool(std::shared_ptr<client::Connections> connections, std::string name) : connections_(std::move(connections)), name_(std::move(name)) {}

  std::shared_ptr<client::Connections> connections_;
  std::string name_;
  SubmitOptions options_;
};

}  // namespace jobpool
