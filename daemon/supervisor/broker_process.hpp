// One broker process and the conversation with it. jobpoold's main thread. Whether another is started is decided elsewhere.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <span>

#include "common/control/message.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/loop.hpp"
#include "daemon/supervisor/outbox.hpp"
#include "daemon/supervisor/spawner.hpp"

namespace jobpool::supervisor {

class BrokerProcess {
 public:
  struct Death {
    std::int32_t code = 0;  // as waitid's
    std::int32_t value = 0;
  };
  struct Handlers {
    std::function<void(const control::Message&)> on_message;
    std::function<void(Death)> on_death;  // reaped; start() may be called again
  };

  // One that is ready reads within a turn of its loop, some milliseconds; ten seconds is a hung one. Before that it reads its records,
  // gigabytes perhaps, and nothing else; ten minutes is a dead disk.
  struct Patience {
    std::chrono::milliseconds reading{10'000}, start{600'000};
  };

  // `loop` and `spawner` must outlive it.
  BrokerProcess(Loop& loop, Spawner& spawner, Handlers handlers, Patience patience);

  // Requires: there is none. `plan` lacks the control socket. Errors: as Spawner::spawn; io.
  Result<void> start(SpawnPlan plan);

  // Never waits. A broker that is not ready, or does not read, for too long is killed. Without a broker: nothing.
  void tell(const control::Message& message, std::span<const int> fds = {});

  void kill();
  bool is_alive() const { return pid_ != 0; }
  pid_t pid() const { return pid_; }  // 0: none

 private:
  void on_control();
  void send_kept();
  // False: the conversation is over.
  bool read_messages(int most);
  void on_ready();
  void on_hangup();
  void on_exit();
  void watch_progress();
  void give_up(const std::string& why);
  void close_control();

  Loop& loop_;
  Spawner& spawner_;
  const Handlers handlers_;
  const Patience patience_;

  pid_t pid_ = 0;
  UniqueFd process_;
  UniqueFd control_;
  Loop::Watch process_watch_{};
  Loop::Watch control_watch_{};
  bool is_ready_ = false;
  Loop::Timer retry_{};             // of what the kernel refused to send
  Loop::Timer start_deadline_{};    // for being ready
  Loop::Timer reading_deadline_{};  // for taking messages; after a hang-up: for exiting
  Outbox outbox_;
};

}  // namespace jobpool::supervisor
