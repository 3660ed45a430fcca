// A broker is stopped after every single instruction of a job's way through the ledger, and what it would leave behind is read as the next
// broker reads it.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "common/unique_fd.hpp"
#include "daemon/broker/pool/ledger.hpp"
#include "daemon/broker/pool/ledger_layout.hpp"
#include "tests/fault/stepper.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::fault {
namespace {

using broker::Job;
using broker::Ledger;
using EntryBytes = std::array<std::byte, sizeof(broker::ledger_layout::Entry)>;

const std::string kResult = "\"a result that came in pieces\"";
const std::string kReason = "somebody cancelled it";

Job a_job(std::uint64_t id) {
  Job job;
  job.id = JobId{id};
  job.key = "key";
  job.reason = kReason;
  return job;
}

std::vector<std::byte> a_report() {
  Report report;
  report.streamed = true;
  std::vector<std::byte> bytes;
  encode_report(report, bytes);
  return bytes;
}

Ledger open_ledger(const UniqueFd& fd) {
  auto ledger = Ledger::open(fd.get());
  REQUIRE(ledger);
  return std::move(*ledger);
}

// Job 1 takes the heap's first blocks, so that a block of job 2 with a size and no offset yet would lie over them. An earlier broker had
// kept a report of job 2 and noted its stop, so that each write replaces a block.
void run_job_2(Ledger& ledger, const std::vector<std::byte>& report) {
  Job job = a_job(2);
  ledger.begin(job);
  const auto bytes = std::as_bytes(std::span{kResult});
  ledger.add_result(job.id, kResult.size(), 0, bytes.first(5));
  ledger.add_result(job.id, kResult.size(), 5, bytes.subspan(5));
  ledger.keep_report(job.id, report);
  ledger.note_stop(job);
  ledger.keep_report(job.id, report);
  ledger.note_stop(job);
  job.outcome = Outcome::succeeded;
  ledger.finish(job);
  ledger.erase(JobId{1});
}

// What a next broker makes of it.
void check_as_next_broker(const UniqueFd& fd) {
  const auto ledger = Ledger::open(fd.get());
  REQUIRE(ledger);  // no two blocks overlap
  for (const auto& [job, ended] : const_cast<Ledger&>(*ledger).recover()) {
    REQUIRE(job.key == "key");
    REQUIRE((job.reason.empty() || job.reason == kReason));
    if (job.id == JobId{2} && ended) REQUIRE(ledger->result(job.id) == kResult);
  }
}

}  // namespace

// A block was once written with its size before its offset: a broker killed between the two left one that lay over others, and the next
// broker refused the whole ledger.
TEST_CASE("a ledger can be taken over from a broker that was killed at any instruction of its writes") {
  const UniqueFd fd{::memfd_create("ledger", MFD_CLOEXEC)};
  auto first = open_ledger(fd);
  REQUIRE(first.begin(a_job(1)));
  REQUIRE(first.finish(a_job(1)));
  const std::vector<std::byte> report = a_report();
  Stepper stepper([&] {
    Stepper::mark();
    run_job_2(first, report);
    Stepper::mark();
  });
  EntryBytes seen{};
  std::size_t different = 0;
  stepper.step_to_mark([&] {
    EntryBytes now{};
    const auto second = broker::ledger_layout::kEntriesOffset + sizeof(broker::ledger_layout::Entry);
    REQUIRE(::pread(fd.get(), now.data(), now.size(), static_cast<off_t>(second)) == static_cast<ssize_t>(now.size()));
    if (now == seen) return;
    seen = now;
    ++different;
    check_as_next_broker(fd);
  });
  CHECK(different > 20);
  const auto all = open_ledger(fd).recover();
  REQUIRE(all.size() == 1);
  CHECK(all[0].ended);
}

}  // namespace jobpool::fault
