// All known jobs, by id and in the order of ids. Ids come ascending and are mostly forgotten in that order too, so they are kept in pages
// of neighbours: a lookup is a comparison where the last one was on the same page, a subtraction where all pages between are there, else a
// binary search; nothing is ever moved or rehashed, so that the millionth job is entered as fast as the first. Jobs stay where they are.
// Broker process, its one thread; owned by JobCore.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "daemon/broker/core/job.hpp"

namespace jobpool::broker {

class JobTable {
 public:
  // Null: not known.
  Job* find(JobId id) const {
    const auto number = id.value / kPageJobs;
    if (latest_.page == nullptr || latest_.number != number) latest_ = {number, page_of(number)};
    return latest_.page == nullptr ? nullptr : latest_.page->jobs[id.value % kPageJobs].get();
  }
  bool contains(JobId id) const { return find(id) != nullptr; }
  // Requires: known.
  Job& at(JobId id) const;

  // Requires: not known yet.
  Job& add(Job&& job);
  // Requires: known.
  void erase(JobId id);

  // The first with this id or a larger one; the last with a smaller one. Null: there is none.
  Job* from(JobId id) const;
  Job* before(JobId id) const;
  Job* first() const { return from(JobId{0}); }
  Job* after(const Job& job) const { return from(JobId{job.id.value + 1}); }

  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kPageJobs = 64;  // what one job that outlives its neighbours keeps of them: 0.5 KiB

  struct Page {
    std::uint64_t present = 0;  // a bit for each
    std::array<std::unique_ptr<Job>, kPageJobs> jobs;
  };
  struct Place {
    std::uint64_t number;  // of the ids from number * kPageJobs on
    std::unique_ptr<Page> page;
  };

  Page* page_of(std::uint64_t number) const;  // null: there is none
  // Of the first page with this number or a larger one.
  std::size_t index_from(std::uint64_t number) const;

  std::deque<Place> pages_;  // ascending; none of them is empty
  // That which find() was at last: an event looks for its job several times, and the next one is often a neighbour's. Null: looked for
  // anew.
  mutable struct {
    std::uint64_t number;
    Page* page;
  } latest_{0, nullptr};
  std::size_t size_ = 0;
};

}  // namespace jobpool::broker
