// A process outside any pool, multiprocessing's Process: it has a worker of its own at once. Move-only; one thread at a time.
//
//   jobpool::Process mailer = client.process(jobpool::Command{.argv = {"./mailer"}});
//   mailer.set_daemon(true).start();
//   …
//   mailer.terminate();
//   mailer.join();
//   if (mailer.exitcode() == -15) …
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jobpool/command.hpp"
#include "jobpool/export.hpp"

namespace jobpool {
namespace client {
class Connections;
class DaemonicStart;
}  // namespace client

// As org.jobpool.Process.Process.
struct ProcessInfo {
  std::string name;
  std::uint64_t id = 0;  // of its job: output and result are there
  bool alive = false, daemonic = false;
  std::optional<int> pid, parent_pid, exit_code;
  std::string state, outcome, reason, description;  // outcome: empty while it is alive
  std::optional<std::int64_t> started_usec, ended_usec;
};

class JOBPOOL_EXPORT Process {
 public:
  using Timeout = std::optional<std::chrono::microseconds>;  // nullopt: as long as it takes

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  // A daemonic one that is alive gets TERM.
  ~Process();

  // Before start(). Without a name the daemon finds one ("Process-7").
  Process& set_name(std::string name);
  // It ends with this object, and with this program however that ends; it outlives a broker, as the connection comes back.
  Process& set_daemon(bool daemonic);

  // Errors: ProcessExists (one of that name is alive), InvalidCall (started already), StoreFull, ConnectionLost, Interrupted: nobody knows
  // whether it started.
  void start();

  // Of all that follow: errors: NoSuchProcess: not started, or forgotten; ConnectionLost.
  // False: not ended in time.
  bool join(Timeout timeout = {}) const;
  bool is_alive() const;
  const std::string& name() const { return name_; }
  std::uint64_t job_id() const { return id_; }
  std::optional<int> pid() const;
  std::optional<int> exitcode() const;  // nullopt: alive; -N: died of signal N
  ProcessInfo show() const;
  void terminate() const;  // TERM: its death may come later, so join
  void kill() const;

 private:
  friend class Client;
  struct Target;
  Process(std::shared_ptr<client::Connections> connections, std::unique_ptr<Target> target);

  std::shared_ptr<client::Connections> connections_;
  std::unique_ptr<Target> target_;
  std::unique_ptr<client::DaemonicStart> session_;
  std::string name_;
  bool daemonic_ = false;
  std::uint64_t id_ = 0;
};

}  // namespace jobpool
