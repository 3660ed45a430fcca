// See committer.hpp.
#include "daemon/broker/store/committer.hpp"

#include <algorithm>

namespace jobpool::broker {

Result<Committer> Committer::prepare(OpenStore& store, std::size_t inline_result_bytes) {
  auto writer = RecordWriter::prepare(store.database, store.files, inline_result_bytes);
  if (!writer) return writer.error();
  auto begin = Statement::prepare(store.database, "BEGIN IMMEDIATE");
  if (!begin) return begin.error();
  auto end = Statement::prepare(store.database, "COMMIT");
  if (!end) return end.error();
  return Committer(store, std::move(*writer), std::move(*begin), std::move(*end));
}

Result<void> Committer::commit(const std::vector<WaitingBatch>& batches) {
  if (std::all_of(batches.begin(), batches.end(), [](const WaitingBatch& batch) { return batch.writes.empty(); })) return {};
  auto done = transact(batches);
  if (done) {
    store_->files.on_commit();
    return done;
  }
  store_->database.roll_back();
  writer_.on_rollback();
  // After any other error it may be committed all the same, and need its files.
  if (done.error().code == Errc::full) store_->files.on_rollback();
  return done;
}

Result<void> Committer::transact(const std::vector<WaitingBatch>& batches) {
  if (auto begun = begin_.run(); !begun) return begun;
  for (const WaitingBatch& batch : batches) {
    for (const StoreWrite& write : batch.writes) {
      if (auto written = writer_.write(write); !written) return written;
    }
  }
  if (auto synced = store_->files.sync_names(); !synced) return synced;
  return commit_.run();
}

}  // namespace jobpool::broker
