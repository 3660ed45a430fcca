// Writes batches in one transaction: all of them or none. The store's thread.
#pragma once

#include <vector>

#include "daemon/broker/store/mailbox.hpp"
#include "daemon/broker/store/open_store.hpp"
#include "daemon/broker/store/record_writer.hpp"

namespace jobpool::broker {

class Committer {
 public:
  // Requires: `store` outlives the committer. Errors: io.
  static Result<Committer> prepare(OpenStore& store, std::size_t inline_result_bytes);

  // Durable when it returns a value. Batches without a write cost nothing.
  // Errors: full (nothing of it was committed: it may be tried again); all others are final, and whether it was committed is not known.
  Result<void> commit(const std::vector<WaitingBatch>& batches);

 private:
  Committer(OpenStore& store, RecordWriter writer, Statement begin, Statement end)
      : store_(&store), writer_(std::move(writer)), begin_(std::move(begin)), commit_(std::move(end)) {}
  Result<void> transact(const std::vector<WaitingBatch>& batches);

  OpenStore* store_;
  RecordWriter writer_;
  Statement begin_, commit_;
};

}  // namespace jobpool::broker
