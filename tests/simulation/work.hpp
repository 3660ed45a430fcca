// What a client wants to have done, and what really came of it: kept outside the system. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/broker/core/event.hpp"

namespace jobpool::simulation {

// One wish. It is submitted once, or, with a key, as often as its client likes; its payload is its number.
struct Work {
  std::uint32_t number = 0;
  broker::Submit submit;       // without a token
  std::uint32_t instance = 0;  // of the daemon, and below of the broker, when it was wanted first
  std::uint32_t life = 0;
  std::vector<JobId> ids = {};             // under which it was accepted or ran, in this order
  std::vector<std::uint32_t> chunks = {};  // of a batch: their numbers

  bool is_durable() const { return submit.flags.durable; }
  bool is_batch() const { return submit.flags.batch; }
};

// One time that a worker took it.
struct Start {
  enum class End : std::uint8_t { none, well, badly, signalled, died };
  std::uint32_t attempt = 0;
  Incarnation worker;
  End end = End::none;
  bool stopped = false;  // a command that was told to stop before it ended
  bool host_died_since = false;
  std::string result = {};
  std::int64_t ended_usec = 0;
  std::uint32_t ended_in = 0;  // the broker's life; 0: it has not, or died with its worker
};

// What is known of one job id.
struct Truth {
  std::uint32_t work = 0;
  std::uint32_t instance = 0, life = 0;  // of the daemon and of the broker when it was first heard of
  bool accepted = false;                 // a client was told so
  bool cancel_asked = false;
  bool may_be_forgotten = false;  // a broker was about to forget it; whether that was committed is not looked at
  bool is_lost = false;           // ephemeral: a broker did not know it any more
  std::optional<Outcome> told;
  bool told_by_its_broker = false;  // the one that lived when it ended
  std::uint32_t stop_noted_in = 0;  // the broker's life in which a cancel of it, then offered, was put down in the ledger; 0: none
  std::vector<Start> starts = {};

  const Start* last_start() const { return starts.empty() ? nullptr : &starts.back(); }
};

}  // namespace jobpool::simulation
