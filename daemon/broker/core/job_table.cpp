// Pages of jobs.
#include "daemon/broker/core/job_table.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

namespace jobpool::broker {

std::size_t JobTable::index_from(std::uint64_t number) const {
  if (pages_.empty() || number <= pages_.front().number) return 0;
  // Numbers are ascending and distinct: none stands further back than its distance from the first.
  const auto distance = number - pages_.front().number;
  if (distance < pages_.size() && pages_[distance].number == number) return distance;
  const auto last = pages_.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(distance, pages_.size()));
  return static_cast<std::size_t>(std::ranges::lower_bound(pages_.begin(), last, number, {}, &Place::number) - pages_.begin());
}

JobTable::Page* JobTable::page_of(std::uint64_t number) const {
  const auto index = index_from(number);
  return index == pages_.size() || pages_[index].number != number ? nullptr : pages_[index].page.get();
}

Job& JobTable::at(JobId id) const {
  Job* job = find(id);
  if (job == nullptr) std::abort();  // a broken invariant
  return *job;
}

Job& JobTable::add(Job&& job) {
  const auto number = job.id.value / kPageJobs, bit = job.id.value % kPageJobs;
  const auto index = index_from(number);
  if (index == pages_.size() || pages_[index].number != number)
    pages_.insert(pages_.begin() + static_cast<std::ptrdiff_t>(index), Place{number, std::make_unique<Page>()});
  Page& page = *pages_[index].page;
  page.present |= std::uint64_t{1} << bit;
  ++size_;
  return *(page.jobs[bit] = std::make_unique<Job>(std::move(job)));
}

void JobTable::erase(JobId id) {
  const auto index = index_from(id.value / kPageJobs), bit = id.value % kPageJobs;
  Page& page = *pages_[index].page;
  page.present &= ~(std::uint64_t{1} << bit);
  page.jobs[bit].reset();
  --size_;
  if (page.present != 0) return;
  latest_.page = nullptr;
  pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(index));
}

Job* JobTable::from(JobId id) const {
  const auto number = id.value / kPageJobs;
  for (auto index = index_from(number); index < pages_.size(); ++index) {
    const auto& [own, page] = pages_[index];
    const auto left = own == number ? page->present >> (id.value % kPageJobs) << (id.value % kPageJobs) : page->present;
    if (left != 0) return page->jobs[static_cast<std::size_t>(std::countr_zero(left))].get();
  }
  return nullptr;
}

Job* JobTable::before(JobId id) const {
  const auto number = id.value / kPageJobs;
  for (auto index = std::min(index_from(number) + 1, pages_.size()); index-- > 0;) {
    const auto& [own, page] = pages_[index];
    if (own > number) continue;
    const auto left = own == number ? page->present & ((std::uint64_t{1} << (id.value % kPageJobs)) - 1) : page->present;
    if (left != 0) return page->jobs[static_cast<std::size_t>(std::bit_width(left) - 1)].get();
  }
  return nullptr;
}

}  // namespace jobpool::broker
