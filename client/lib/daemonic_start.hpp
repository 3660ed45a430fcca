// The call that started a daemonic process, held open until the process has ended or its starter is gone: the daemon then ends it.
// A thread of its own sends it again when the broker dies.
#pragma once

#include <memory>
#include <thread>

#include "client/lib/recovering_call.hpp"
#include "common/unique_fd.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::client {

class DaemonicStart {
 public:
  // `connections` is kept as long as this. Requires: request.daemonic; it has a key.
  DaemonicStart(std::shared_ptr<Connections> connections, const proto::ProcessStartRequest& request);
  DaemonicStart(const DaemonicStart&) = delete;
  DaemonicStart& operator=(const DaemonicStart&) = delete;
  ~DaemonicStart();

  // The first answer, an error included. To be called once, before hold().
  Result<Reply> answer();
  // From here on a thread holds it. Errors: io: there is no thread to be had.
  Result<void> hold();
  // The same in this thread, until `other` is readable too: false then; true: the process has ended, or nobody knows of it any more.
  bool hold_until(int other);

 private:
  std::shared_ptr<Connections> connections_;
  RecoveringCall call_;
  UniqueFd over_;
  std::thread thread_;
};

}  // namespace jobpool::client
