// The callers: threads that each take work, have a worker of the pool do it, and wait for that (as map's do): so every call outlives the
// broker, a worker that dies costs nothing but its attempt, and the end of this process cancels what is under way.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "client/cli/copy/finished_queue.hpp"
#include "client/cli/copy/job_source.hpp"
#include "client/cli/copy/place.hpp"
#include "client/lib/connections.hpp"

namespace jobpool::cli {

class CopyCallers {
 public:
  struct Setup {
    client::Connections& connections;
    const CopyPlaces& places;
    proto::CopyRoots roots;
    std::string pool;
    JobSource& source;
    FinishedQueue& finished;
    std::atomic<std::uint64_t>& bytes_done;
  };
  // `count` threads, or fewer where no more are to be had; without any the source is stopped. All that the setup names must outlive this.
  CopyCallers(Setup setup, std::size_t count);
  // Waits for what is under way.
  ~CopyCallers();

 private:
  void do_without(std::size_t callers, const Error& why);
  void serve();
  void run(FileBatch& batch);
  void run(LargeWork& work);
  void run(RangeWork& work);
  // The answer for `count` files; the ends of a job that did not succeed are all the same. Errors: nothing more can be copied.
  Result<proto::CopyReport> call(std::string_view function, const std::string& job, std::size_t count);
  void finish(std::vector<Finished> names);
  bool is_over(const Result<proto::CopyReport>& report);

  Setup setup_;
  std::atomic<std::uint64_t> next_temporary_ = 1;
  std::vector<std::thread> threads_;
};

}  // namespace jobpool::cli
