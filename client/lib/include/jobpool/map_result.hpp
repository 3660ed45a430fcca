// The handle of a submitted map, multiprocessing's MapResult: one durable id for the whole batch, which any client that knows it can have.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "jobpool/async_result.hpp"
#include "jobpool/export.hpp"
#include "jobpool/value.hpp"

namespace jobpool {

class JOBPOOL_EXPORT MapResult {
 public:
  using Timeout = AsyncResult::Timeout;

  std::uint64_t id() const { return batch_.id(); }

  // All results in the items' order, waited for. Errors: as AsyncResult::get; ItemFailed: the first item that failed, after the others
  // ended.
  template <class T = Json>
  std::vector<T> get(Timeout timeout = {}) const {
    std::vector<T> results;
    for (const std::string& chunk : get_chunks(timeout))
      for (const std::string_view text : chunk_results(chunk)) results.push_back(json_value<T>(text));
    return results;
  }

  bool wait(Timeout timeout = {}) const { return batch_.wait(timeout); }
  bool ready() const { return batch_.ready(); }
  bool successful() const { return batch_.successful(); }  // all items? Errors: NotReady before the end
  bool cancel() const { return batch_.cancel(); }          // what runs and what does not
  bool remove() const { return batch_.remove(); }          // with all of its results

 private:
  friend class Pool;
  friend class Client;
  MapResult(std::shared_ptr<client::Connections> connections, AsyncResult batch)
      : connections_(std::move(connections)), batch_(std::move(batch)) {}
  // The result of each chunk. Errors: as get().
  std::vector<std::string> get_chunks(Timeout timeout) const;
  static std::vector<std::string_view> chunk_results(std::string_view chunk);

  std::shared_ptr<client::Connections> connections_;
  AsyncResult batch_;
};

}  // namespace jobpool
