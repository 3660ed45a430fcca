// The shared record of a kill test and its final judgement.
#include "tests/fault/ledger.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace jobpool::fault {

Ledger::Ledger() {
  void* page = ::mmap(nullptr, sizeof(LedgerPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (page == MAP_FAILED) std::abort();
  page_ = static_cast<LedgerPage*>(page);
}

Ledger::~Ledger() { ::munmap(page_, sizeof(LedgerPage)); }

void Ledger::expect(bool holds, const char* what, std::uint64_t job) const {
  if (holds) return;
  if (page_->broken.fetch_add(1) == 0) {
    std::snprintf(page_->first_broken, sizeof page_->first_broken, "job %llu: %s", static_cast<unsigned long long>(job), what);
  }
}

std::uint64_t Ledger::count_misfits() const {
  std::uint64_t misfits = 0;
  for (std::uint64_t id = 1; id <= page_->accepted; ++id) {
    const JobRecord& job = page_->jobs[id];
    switch (job.ending.load()) {
      case Ending::none:
        ++misfits;
        break;
      case Ending::reported:
        misfits += job.starts != 1 || job.fin_begun != 1;
        break;
      case Ending::interrupted:
        misfits += job.starts > 1 || job.fin_returned != 0;
        break;
      case Ending::cancelled:
        misfits += job.starts != 0;
        break;
    }
  }
  return misfits;
}

std::string payload_of(std::uint64_t job) {
  const std::size_t length = job % 97 == 5 ? 200'000 : job % 61;
  return std::string(length, static_cast<char>('a' + job % 26));
}

std::string result_of(std::uint64_t job) { return "result of " + std::to_string(job); }

std::size_t streamed_length(std::uint64_t job) { return job % 53 == 7 ? 400'000 : job % 11 == 3 ? 70'000 : 0; }

}  // namespace jobpool::fault
