// The ledger across brokers: what one wrote, the next finds; whatever the moment of its death.
#include "daemon/broker/pool/ledger.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/unique_fd.hpp"
#include "daemon/broker/pool/ledger_layout.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

UniqueFd new_memfd() { return UniqueFd{::memfd_create("ledger", MFD_CLOEXEC)}; }

Ledger open_ledger(int fd) {
  auto ledger = Ledger::open(fd);
  REQUIRE(ledger);
  return std::move(*ledger);
}

Job a_job(std::uint64_t id) {
  Job job;
  job.id = JobId{id};
  job.key = "key" + std::to_string(id);
  job.description = "make -j4";
  job.pool = PoolNumber{7};
  job.uid = 1000;
  job.spec_hash = 99;
  job.attempt = 1;
  job.submitted_usec = 123;
  return job;
}

std::vector<std::byte> a_report(std::string result) {
  Report report;
  report.ending = Ending::returned;
  report.result = std::move(result);
  std::vector<std::byte> bytes;
  encode_report(report, bytes);
  return bytes;
}

bool finish(Ledger& ledger, const Job& job, std::span<const std::byte> report) {
  return ledger.begin(job) && ledger.keep_report(job.id, report) && ledger.finish(job);
}

}  // namespace

TEST_CASE("what one broker entered the next one finds") {
  const UniqueFd fd = new_memfd();
  {
    Ledger ledger = open_ledger(fd.get());
    ledger.set_next_id(JobId{8});
    REQUIRE(ledger.begin(a_job(6)));
    Job ended = a_job(7);
    ended.outcome = Outcome::succeeded;
    ended.ended_usec = 456;
    REQUIRE(finish(ledger, ended, a_report("49")));
  }
  Ledger ledger = open_ledger(fd.get());
  CHECK(ledger.next_id() == JobId{8});
  const auto found = ledger.recover();
  REQUIRE(found.size() == 2);
  CHECK(found[0].job.id == JobId{6});
  CHECK_FALSE(found[0].ended);
  CHECK(found[0].job.key == "key6");
  CHECK(found[0].job.uid == 1000);
  CHECK(found[0].job.description == "make -j4");
  CHECK(found[1].ended);
  CHECK(found[1].job.outcome == Outcome::succeeded);
  CHECK(found[1].job.ended_usec == 456);
  CHECK(ledger.result(JobId{7}) == "49");
}

TEST_CASE("the next broker knows whose workers are to run a job, also when it was to be stopped") {
  const UniqueFd fd = new_memfd();
  {
    Ledger ledger = open_ledger(fd.get());
    REQUIRE(ledger.begin(a_job(6)));
    ledger.note_stop(a_job(6));
  }
  const auto found = open_ledger(fd.get()).recover();
  REQUIRE(found.size() == 1);
  CHECK(found.front().job.pool == PoolNumber{7});
  CHECK(found.front().job.stop == StopRequest::cancel);
}

TEST_CASE("a result in pieces is whole, also when a new broker reads a piece again") {
  const UniqueFd fd = new_memfd();
  const std::string text = "\"abcdefgh\"";
  const auto bytes = std::as_bytes(std::span{text});
  Job job = a_job(1);
  {
    Ledger ledger = open_ledger(fd.get());
    REQUIRE(ledger.begin(job));
    REQUIRE(ledger.add_result(job.id, text.size(), 0, bytes.first(4)));
  }
  Ledger ledger = open_ledger(fd.get());
  REQUIRE(ledger.add_result(job.id, text.size(), 0, bytes.first(4)));
  REQUIRE(ledger.add_result(job.id, text.size(), 4, bytes.subspan(4)));
  Report report;
  report.streamed = true;
  std::vector<std::byte> fin;
  encode_report(report, fin);
  job.outcome = Outcome::succeeded;
  REQUIRE(finish(ledger, job, fin));
  CHECK(ledger.result(job.id) == text);
}

TEST_CASE("a result piece outside its announced total is refused") {
  const UniqueFd fd = new_memfd();
  Ledger ledger = open_ledger(fd.get());
  REQUIRE(ledger.begin(a_job(1)));
  const std::byte piece[8]{};
  CHECK_FALSE(ledger.add_result(JobId{1}, 4, 0, piece));
  CHECK_FALSE(ledger.add_result(JobId{1}, 8, 1, piece));
  CHECK(ledger.add_result(JobId{1}, 8, 0, piece));
  CHECK_FALSE(ledger.add_result(JobId{1}, 16, 0, piece));  // another total
  CHECK_FALSE(ledger.add_result(JobId{2}, 8, 0, piece));   // no such job
}

TEST_CASE("erased entries and their space are used again") {
  const UniqueFd fd = new_memfd();
  Ledger ledger = open_ledger(fd.get());
  for (std::uint64_t id = 1; id <= 10'000; ++id) {
    REQUIRE(finish(ledger, a_job(id), a_report("1")));
    if (id > 10) ledger.erase(JobId{id - 10});
  }
  CHECK(ledger.size() == 10);
  CHECK(ledger.heap_used() < 10'000);
}

TEST_CASE("a ledger of another version or with contradictions is not taken over") {
  const UniqueFd fd = new_memfd();
  {
    Ledger ledger = open_ledger(fd.get());
    REQUIRE(ledger.begin(a_job(1)));
    REQUIRE(ledger.begin(a_job(2)));
  }
  SECTION("magic") {
    const std::uint64_t wrong = 1;
    REQUIRE(::pwrite(fd.get(), &wrong, sizeof wrong, 0) == sizeof wrong);
  }
  SECTION("two entries with one id") {
    const std::uint64_t id = 1;
    const auto second = ledger_layout::kEntriesOffset + sizeof(ledger_layout::Entry) + offsetof(ledger_layout::Entry, id);
    REQUIRE(::pwrite(fd.get(), &id, sizeof id, static_cast<off_t>(second)) == sizeof id);
  }
  SECTION("a block outside the heap") {
    const ledger_layout::Block wrong{std::uint64_t{1} << 60, 100};
    const auto block = ledger_layout::kEntriesOffset + offsetof(ledger_layout::Entry, texts);
    REQUIRE(::pwrite(fd.get(), &wrong, sizeof wrong, static_cast<off_t>(block)) == sizeof wrong);
  }
  SECTION("size") { REQUIRE(::ftruncate(fd.get(), 4096) == 0); }
  const auto again = Ledger::open(fd.get());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::protocol);
}

TEST_CASE("an empty block may say any place") {
  // The bug: recovery made a pointer of it, far outside of the ledger, which is undefined even where nobody follows it.
  const UniqueFd fd = new_memfd();
  {
    Ledger ledger = open_ledger(fd.get());
    Job job = a_job(1);
    job.outcome = Outcome::succeeded;
    REQUIRE(ledger.begin(job));
    REQUIRE(ledger.keep_report(job.id, a_report("49")));
    REQUIRE(ledger.finish(job));
  }
  const ledger_layout::Block empty{~std::uint64_t{0} - 100, 0};
  const auto block = ledger_layout::kEntriesOffset + offsetof(ledger_layout::Entry, reason);
  REQUIRE(::pwrite(fd.get(), &empty, sizeof empty, static_cast<off_t>(block)) == sizeof empty);
  Ledger ledger = open_ledger(fd.get());
  REQUIRE(ledger.recover().size() == 1);
  CHECK(ledger.recover()[0].job.reason.empty());
}

TEST_CASE("an entry that a dying broker was about to free is found free") {
  const UniqueFd fd = new_memfd();
  {
    Ledger ledger = open_ledger(fd.get());
    REQUIRE(ledger.begin(a_job(1)));
    REQUIRE(ledger.begin(a_job(2)));
    ledger.erase(JobId{1});
  }
  Ledger ledger = open_ledger(fd.get());
  REQUIRE(ledger.recover().size() == 1);
  REQUIRE(ledger.begin(a_job(3)));
  CHECK(ledger.size() == 2);
}

TEST_CASE("a result whose first piece found no room is lost, also when there is room for the next") {
  // The bug: a block made for a later piece had what lay there before in the place of the first, and passed for the result.
  const UniqueFd fd = new_memfd();
  Ledger ledger = open_ledger(fd.get());
  REQUIRE(ledger.begin(a_job(1)));
  const std::byte piece[4]{};
  CHECK_FALSE(ledger.add_result(JobId{1}, 8, 4, piece));
  CHECK_FALSE(ledger.has_streamed_result(JobId{1}));
}

TEST_CASE("a report that comes again after the end was recorded changes nothing") {
  const UniqueFd fd = new_memfd();
  Ledger ledger = open_ledger(fd.get());
  REQUIRE(finish(ledger, a_job(1), a_report("49")));
  CHECK_FALSE(ledger.keep_report(JobId{1}, a_report("50")));
  CHECK(ledger.result(JobId{1}) == "49");
}

TEST_CASE("results leave room for the entries of jobs to come, and those that are let go leave what else is known") {
  const UniqueFd fd = new_memfd();
  const LedgerSize size{.entries = 256, .heap_bytes = 1 << 20};
  auto ledger = Ledger::open(fd.get(), size);
  REQUIRE(ledger);
  std::uint64_t id = 0;
  for (bool fits = true; fits;) {
    Job job = a_job(++id);
    job.mode = Mode::apply_async;
    job.flags.durable = id % 2 == 0;
    job.outcome = Outcome::succeeded;
    job.ended_usec = 1'000 - static_cast<std::int64_t>(id);  // the last ended first
    REQUIRE(ledger->begin(job));
    fits = ledger->keep_report(job.id, a_report(std::string(30'000, 'r')));
    CHECK(ledger->keep_report(job.id, a_report("49")) == true);  // a short one always does
    if (fits) REQUIRE(ledger->keep_report(job.id, a_report(std::string(30'000, 'r'))));
    REQUIRE(ledger->finish(job));
  }
  REQUIRE(id > 10);
  CHECK(ledger->is_short_of_heap(0));
  CHECK_FALSE(ledger->is_short_of_entries());
  const auto kept = ledger->may_give_way();
  REQUIRE(kept.size() == (id + 1) / 2);  // not the durable ones
  CHECK(kept.back() == JobId{1});
  REQUIRE(ledger->let_go_result(JobId{1}));
  CHECK_FALSE(ledger->let_go_result(JobId{1}));
  CHECK(ledger->result(JobId{1}).empty());
  CHECK(ledger->result(JobId{3}).size() == 30'000);
  ledger = Ledger::open(fd.get(), size);
  REQUIRE(ledger);
  const auto found = ledger->recover();
  CHECK(has_lost_result(found[0].job));
  CHECK_FALSE(has_lost_result(found[2].job));
  CHECK_FALSE(Ledger::open(fd.get()));  // of another size than this program's
}

TEST_CASE("the memory of large results that are gone goes back to the system, a second after the last of them") {
  // The bug: what had once been in the ledger, up to 2 GiB, stayed in memory as long as the daemon.
  const UniqueFd fd = new_memfd();
  const auto bytes = [&] {
    struct stat info {};
    REQUIRE(::fstat(fd.get(), &info) == 0);
    return static_cast<std::uint64_t>(info.st_blocks) * 512;
  };
  constexpr std::size_t kSize = 8 * 1024 * 1024;
  const std::vector<std::byte> piece(kSize, std::byte{'7'});
  Ledger ledger = open_ledger(fd.get());
  const auto make = [&](std::uint64_t id) {
    REQUIRE(ledger.begin(a_job(id)));
    REQUIRE(ledger.add_result(JobId{id}, kSize, 0, piece));
  };
  make(1);
  make(2);
  TimePoint now{};
  const auto pass = [&now](Ledger& one, std::chrono::milliseconds time) {
    now += time;
    one.give_back_unused(now);
  };
  // All of it, a part at a time.
  const auto pass_until_done = [&](Ledger& one) {
    for (int calls = 0; one.keeps_unused() && calls < 100; ++calls) pass(one, 100ms);
  };
  CHECK_FALSE(ledger.keeps_unused());
  ledger.erase(JobId{1});
  CHECK(ledger.keeps_unused());
  pass(ledger, 100ms);
  pass(ledger, 999ms);
  CHECK(bytes() >= 2 * kSize);
  SECTION("it waits for the next one meanwhile") {
    make(3);
    ledger.erase(JobId{3});
    pass(ledger, 100ms);
    pass(ledger, 999ms);
    CHECK(bytes() >= 2 * kSize);
    CHECK(bytes() < 3 * kSize);
  }
  SECTION("of those that are there nothing is lost") {
    pass_until_done(ledger);
    CHECK_FALSE(ledger.keeps_unused());
    CHECK(bytes() >= kSize);
    CHECK(bytes() < 2 * kSize);
    Job job = a_job(2);
    job.outcome = Outcome::succeeded;
    REQUIRE(ledger.finish(job));
    CHECK(ledger.result(JobId{2}) == std::string(kSize, '7'));
  }
  SECTION("a new broker does it for its predecessor") {
    Ledger next = open_ledger(fd.get());
    pass_until_done(next);
    CHECK_FALSE(next.keeps_unused());
    CHECK(bytes() < 2 * kSize);
  }
}
