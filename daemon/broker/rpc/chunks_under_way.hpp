// One call of ApplyAll under way: which of its chunks have which job, and what is still to be told of those that have ended. A chunk is
// named by its place in the call. Plain values: apply_all.cpp moves them. Broker process, its one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "daemon/broker/core/event.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/rpc/deliveries.hpp"
#include "daemon/broker/rpc/waiters.hpp"
#include "proto/apply_all_messages.hpp"

namespace jobpool::broker {

class Verbs;

struct ChunksUnderWay {
  struct Chunk {
    std::int64_t number = 0;  // the caller's
    JobId job;                // 0: it waits for room or its commit, or was refused
    WaiterId waiter;          // 0: it has ended
    bool is_refused = false;
  };
  struct End {
    std::uint32_t place;
    Delivery delivery;                          // kept until the caller has it, or is gone
    std::optional<Result<std::string>> result;  // of a durable one, whose job keeps it on disk only; or why it could not be read
  };

  // It has the key of a chunk that is not accepted yet: this caller is about to wait for it.
  bool expects(const Job& job) const;

  bool has(Token token) const { return token.value - first.value < chunks.size(); }  // Requires: not below the first
  std::uint32_t place_of(Token token) const { return static_cast<std::uint32_t>(token.value - first.value); }

  Verbs* verbs;  // outlives this; here, so that a waiter is two words
  std::shared_ptr<Call> call;
  Token first;  // the chunks' tokens are in a row from it on
  std::string pool, key;
  std::vector<Chunk> chunks;
  std::size_t open = 0;                     // neither ended nor refused
  std::vector<End> ends;                    // to be told
  std::size_t held_bytes = 0;               // of the results in them
  std::vector<End> on_disk;                 // those whose results are to be read first
  bool is_reading = false;                  // one of these, always one at a time
  std::vector<proto::ChunkEnding> refused;  // likewise
  bool is_listed = false;                   // among those with news
  bool waits_for_room = false;              // for its next reply: then all that has come is told
};

}  // namespace jobpool::broker
