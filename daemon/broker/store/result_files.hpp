// Results too large for a row: one file each, results/<job>. A file is whole and durable before the row that needs it is committed, and is
// removed after the row is gone; so a crash leaves at most files without a row, which the next open removes. One thread at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/store/disk.hpp"

namespace jobpool::broker {

class ResultFiles {
 public:
  // Makes the folder if there is none. Requires: `disk` outlives this. Errors: full, io.
  static Result<ResultFiles> open(int state_directory, Disk& disk);

  bool empty() const { return jobs_.empty(); }

  // At open: removes the files of all jobs but those that `is_needed`. Other names are somebody else's and stay. Errors: io.
  Result<void> remove_strays(const std::function<bool(JobId)>& is_needed);

  // Inside a transaction. Durable when sync_names() has returned, which must be before the commit. Errors: full, io.
  Result<void> write(JobId job, std::string_view result);
  Result<void> sync_names();
  // The job's row goes with this transaction; its file, if there is one, after it.
  void remove_after_commit(JobId job);

  void on_commit();
  // The transaction is known not to be committed: its files go.
  void on_rollback();

  // Errors: io; protocol: missing, or not as long as its row says.
  Result<std::string> read(JobId job, std::size_t size) const;

 private:
  ResultFiles(UniqueFd directory, Disk& disk) : directory_(std::move(directory)), disk_(&disk) {}
  Result<void> list();
  void remove(std::vector<JobId>& jobs);

  UniqueFd directory_;
  Disk* disk_;
  std::unordered_set<JobId> jobs_;          // that have a file
  std::vector<JobId> written_, to_remove_;  // by this transaction, after it
  bool has_new_names_ = false;
};

}  // namespace jobpool::broker
