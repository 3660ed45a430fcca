// Somebody waits for a job's end in a thread of its own, and is told: multiprocessing's callbacks. Given by AsyncResult; move-only.
#pragma once

#include <memory>

#include "jobpool/export.hpp"

namespace jobpool {
namespace client {
class EndWaiter;
}

// Its end ends the wait: whoever drops it before the job has ended is not told. A call that has begun is waited for, but by the callback
// itself, which may drop its own watch. What the callback throws ends the program, as in any thread of its own.
class JOBPOOL_EXPORT EndWatch {
 public:
  EndWatch(EndWatch&&) noexcept;
  EndWatch& operator=(EndWatch&&) noexcept;
  ~EndWatch();

  // Until the callback has returned, or the wait was given up. At once in the callback itself, and where it was moved from.
  void wait();

 private:
  friend class AsyncResult;
  explicit EndWatch(std::unique_ptr<client::EndWaiter> waiter);
  std::unique_ptr<client::EndWaiter> waiter_;
};

}  // namespace jobpool
