// The way in: a client of one daemon. Thread-safe; keeps a few idle connections, uses one for each running call.
// Not for use across fork(): parent and child would talk on the same sockets; make a Client of its own in the child.
//
//   jobpool::Client client;
//   int n = client.pool().apply<int>("square", 7);
//   auto night = client.pool().apply_async(jobpool::Command{.argv = {"./nightly.sh"}});
//   if (!night.get_command().succeeded()) …
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobpool/async_result.hpp"
#include "jobpool/errors.hpp"
#include "jobpool/events.hpp"
#include "jobpool/export.hpp"
#include "jobpool/pool.hpp"
#include "jobpool/pool_options.hpp"
#include "jobpool/process.hpp"
#include "jobpool/queue.hpp"

namespace jobpool {

class JOBPOOL_EXPORT Client {
 public:
  struct Daemon {
    std::string version, instance;
    int supervisor_pid = 0, broker_pid = 0;
  };

  // Looks for the daemon as the command line does: $JOBPOOL_SOCKET, $XDG_RUNTIME_DIR/jobpool/socket, /run/jobpool/$USER/socket, the state
  // home. Connects at the first call, and starts no daemon.
  Client();
  explicit Client(std::string socket);

  // A handle only: whether there is such a pool shows at its first use.
  Pool pool(std::string name = "default") const;
  // Makes one, as multiprocessing's Pool(processes, initializer, initargs, maxtasksperchild). It outlives this process, the daemon and the
  // host, until it is deleted. Sent once only. Errors: PoolExists, InvalidCall, StoreFull, ConnectionLost; Interrupted: nobody knows
  // whether it was made.
  Pool create_pool(std::string name, const PoolOptions& options) const;
  std::vector<PoolInfo> pools() const;
  // Sent once only. Errors: NoSuchPool; PoolStillRunning: close or terminate it, and join it first;
  // Interrupted: nobody knows whether it was deleted.
  void delete_pool(const std::string& name) const;

  AsyncResult job(std::uint64_t id) const;
  MapResult map_result(std::uint64_t id) const;

  // A queue that exists already, or will.
  Queue queue(std::string name) const;
  // Errors: QueueExists; Interrupted, unless exist_ok: nobody knows whether it was made.
  Queue create_queue(std::string name, QueueOptions options = {}) const;
  // All of them, by name.
  std::vector<QueueInfo> queues() const;

  // A process that is not started yet: `client.process("square", 7)`, or a command.
  template <class... Arguments>
  Process process(std::string_view function, const Arguments&... arguments) const {
    return process_text(function, json_array(arguments...));
  }
  Process process(const Command& command) const;
  // Those that are alive, whoever started them.
  std::vector<ProcessInfo> active_children() const;

  // Listens from here on. Errors: NoSuchPool, ConnectionLost.
  EventStream events(const EventFilter& filter = {}) const;

  // Who answers. Errors: ConnectionLost.
  Daemon hello() const;

  // Any method with one reply: parameters and answer as JSON text of an object. It is sent once only.
  // Errors: ConnectionLost; Interrupted: nobody knows whether it had its effect; the method's own errors as in errors.hpp.
  std::string call(std::string_view method, std::string_view parameters = "{}") const;

 private:
  Process process_text(std::string_view function, std::string arguments) const;

  std::shared_ptr<client::Connections> connections_;
};

}  // namespace jobpool
