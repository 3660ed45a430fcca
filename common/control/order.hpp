// What a broker tells a worker outside the queue, over the worker's SOCK_SEQPACKET socket. The supervisor keeps the broker's end too,
// so that an order in the buffer outlives the broker that sent it. Workers never send on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::control {

enum class OrderKind : std::uint32_t {
  descriptors = 1,  // fds of the job offered as `sequence`; sent before the offer. A worker closes those of a sequence that is not live
  stop = 2,         // TERM to the job's tree, KILL after usec; a function learns it by should_stop()
  signal = 3,       // `value` to the command's own process group; ignored by functions
  leave = 4,        // exit 0 when nothing is claimed or offered; the broker offers nothing more, and rings (reload)
};

struct Order {
  std::uint32_t version = 1;
  OrderKind kind{};
  Sequence sequence;  // orders for another sequence than the running one are ignored
  std::int64_t usec = 0;
  std::int32_t value = 0;
  std::uint32_t reserved = 0;
};

struct OrderEnvelope {
  Order order;
  std::vector<UniqueFd> fds;
};

// Errors as control::send and control::receive.
Result<void> send_order(int socket, const Order& order, std::span<const int> fds = {});
Result<OrderEnvelope> receive_order(int socket);

}  // namespace jobpool::control
