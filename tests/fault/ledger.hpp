// What really happened to each job, in memory that outlives every process that is killed: the worker's half says what it did, the
// broker's half is its store. The tests compare the two.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace jobpool::fault {

enum class Ending : std::uint8_t { none = 0, reported, interrupted, cancelled };

struct JobRecord {
  std::atomic<std::uint8_t> starts;        // worker: once per run of the body
  std::atomic<std::uint8_t> fin_begun;     // worker: before it reports
  std::atomic<std::uint8_t> fin_returned;  // worker: the report is committed
  std::atomic<Ending> ending;              // broker: the one recorded outcome
};

struct LedgerPage {
  static constexpr std::uint64_t kMaxJobs = 64'000'000;  // sparse; a night's worth of kills needs a few million

  std::atomic<std::uint64_t> accepted;  // broker: jobs 1…accepted exist
  std::atomic<std::uint64_t> settled;   // broker: jobs 1…settled have their ending (a hint that keeps recovery short)
  std::atomic<std::uint64_t> repeated;  // broker: reports that came again, since the broker before it died before it acknowledged them
  std::atomic<std::uint64_t> broken;    // anybody: an invariant that did not hold
  std::atomic<bool> closing;            // the test: accept no more
  std::atomic<bool> buried;             // broker: what a dead worker left behind is settled
  char first_broken[200];               // what it was
  JobRecord jobs[kMaxJobs + 1];
};

// A MAP_SHARED page of that form; forked children share it.
class Ledger {
 public:
  Ledger();
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  LedgerPage* operator->() const { return page_; }
  JobRecord& job(std::uint64_t id) const { return page_->jobs[id]; }

  // Counts `what` as broken unless `holds`. For processes in which Catch2 must not speak.
  void expect(bool holds, const char* what, std::uint64_t job) const;

  // Every accepted job ended exactly once, in the way that fits what the worker did. Returns how many did not.
  std::uint64_t count_misfits() const;
  std::string first_broken() const { return page_->first_broken; }

 private:
  LedgerPage* page_;
};

// The request and the result of a job follow from its id, so that every process can check them.
std::string payload_of(std::uint64_t job);
std::string result_of(std::uint64_t job);
// Streamed before the FIN; most jobs have none.
std::size_t streamed_length(std::uint64_t job);

}  // namespace jobpool::fault
