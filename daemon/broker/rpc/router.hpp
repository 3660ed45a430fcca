// Which verbs a call is for: those of queues, or those of pools and jobs. Broker process, its one thread.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "daemon/broker/rpc/call.hpp"

namespace jobpool::broker {

class Router final : public CallHandler {
 public:
  // Both must outlive this.
  Router(CallHandler& jobs, CallHandler& queues) : jobs_(jobs), queues_(queues) {}

  void handle(std::shared_ptr<Call> call) override {
    constexpr std::string_view kQueueInterface = "org.jobpool.Queue.";
    CallHandler& handler = call->envelope.method.starts_with(kQueueInterface) ? queues_ : jobs_;
    handler.handle(std::move(call));
  }
  bool is_turn_full() const override { return jobs_.is_turn_full() || queues_.is_turn_full(); }

 private:
  CallHandler& jobs_;
  CallHandler& queues_;
};

}  // namespace jobpool::broker
