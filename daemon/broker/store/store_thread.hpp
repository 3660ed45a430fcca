// The broker's one thread beside its loop: waits for batches, commits all that wait in one transaction, and tells so.
// It touches the mailbox, and what is handed to it here: the open store. No log, no core, no other file; nobody else touches those
// while it lives.
#pragma once

#include <optional>
#include <vector>

#include "daemon/broker/store/commit_time.hpp"
#include "daemon/broker/store/committer.hpp"
#include "daemon/broker/store/mailbox.hpp"
#include "daemon/broker/store/refusals.hpp"
#include "daemon/broker/store/store_options.hpp"
#include "daemon/broker/store/upkeep.hpp"

namespace jobpool::broker {

class StoreThread {
 public:
  // Requires: all outlive this.
  StoreThread(OpenStore& store, Committer& committer, Mailbox& mailbox, const StoreOptions& options);

  // Until the mailbox is closed. What came before that is committed, if the disk has room.
  void run();

 private:
  void turn(Work work);
  void take_in(std::vector<WaitingBatch> batches);
  void choose_time_for(const Work& work);
  void refuse_from(WaitingBatch& batch);
  void commit_pending();
  Result<void> commit_without_new_jobs();
  void answer(ResultRequest request);
  void answer(JobRequest request);
  Result<std::string> result_of(JobId job) const;
  void look_for_room();
  void keep_up();
  void fail(const Error& error);
  TimePoint deadline() const;

  OpenStore& store_;
  Committer& committer_;
  Mailbox& mailbox_;
  const Microseconds try_again_;
  Upkeep upkeep_;
  Refusals refusals_;
  std::vector<WaitingBatch> pending_;  // handed over, not committed
  bool is_full_;                       // new jobs are refused until a ballast could be made again
  bool is_stuck_ = false;              // not even what is left of them can be committed, and that was told
  CommitTime commit_time_;             // of pending_
  TimePoint next_look_for_room_{};
  std::optional<Error> failed_;
};

}  // namespace jobpool::broker
