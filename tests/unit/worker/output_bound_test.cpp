// A command's output is kept, but not beyond all bounds.
//
// The bug: nothing bounded it. `jobpool apply-async -- yes` filled the disk of the daemon's state within minutes, so that no durable job
// was taken from anybody until somebody removed that one.
#include "daemon/worker/command/output_bound.hpp"

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

constexpr std::uint64_t kMib = 1 << 20, kGib = 1 << 30;

std::string excess_of(OutputUse use, std::uint64_t limit = OutputBound::kNoLimit) { return judge_output(use, limit).excess; }

long next_look(OutputUse use, std::uint64_t limit = OutputBound::kNoLimit) {
  const OutputVerdict verdict = judge_output(use, limit);
  REQUIRE(verdict.excess.empty());
  return static_cast<long>(verdict.next_look.count());
}

TEST_CASE("output may grow to its limit, and not by a byte more") {
  CHECK(excess_of({1000, kGib}, 1000).empty());
  CHECK(excess_of({1001, kGib}, 1000) == "its output grew beyond output_limit_bytes, which is 1000");
  CHECK(excess_of({0, 0}, 1).empty());
}

TEST_CASE("output may grow to as much as its disk has left, and 64 MiB in any case") {
  CHECK(excess_of({kGib, kGib}).empty());
  CHECK(excess_of({kGib + kMib, kGib - kMib}) == "its output, 1025 MiB, grew beyond what the daemon's disk has left, 1023 MiB");
  CHECK(excess_of({64 * kMib, 0}).empty());
  CHECK_FALSE(excess_of({65 * kMib, 0}).empty());
  CHECK(excess_of({0, 0}).empty());
  // A disk that does not tell what it has left.
  CHECK(excess_of({kGib, UINT64_MAX}).empty());
}

TEST_CASE("where there is much room it is looked at less often, and once a minute at least") {
  CHECK(next_look({0, 0}) == 64);
  CHECK(next_look({60 * kMib, 0}) == 50);
  CHECK(next_look({0, 8 * kGib}) == 4096);
  CHECK(next_look({3 * kGib, 5 * kGib}) == 1024);
  CHECK(next_look({0, 1000 * kGib}) == 60'000);
  CHECK(next_look({0, UINT64_MAX}) == 60'000);
  CHECK(next_look({0, 1000 * kGib}, 100) == 1000);
  CHECK(next_look({0, 1000 * kGib}, 10 * kGib) == 10 * 1024);
}

TEST_CASE("a command that writes more than it may is killed with what it started, and the report says why") {
  Setup setup(make_subreaper_tree(), 100'000);
  const auto writes = GENERATE(as<std::string>{}, "head -c 200000 /dev/zero", "head -c 200000 /dev/zero >&2",
                               "head -c 60000 /dev/zero >&2; trap '' TERM; (head -c 60000 /dev/zero; sleep 1000) & true");
  const auto ended = setup.run(command({"sh", "-c", writes + "; sleep 1000"}));
  CHECK(ended.after == CommandRunner::After::go_on);
  CHECK(ended.report.ending == Ending::signalled);
  CHECK(ended.report.code == SIGKILL);
  CHECK_FALSE(ended.report.stopped);
  CHECK(ended.report.reason == "its output grew beyond output_limit_bytes, which is 100000");
  CHECK(setup.out().size() + setup.err().size() > 100'000);
}

TEST_CASE("what a command writes to its caller, or less than its limit, is nobody's business") {
  Setup setup(make_subreaper_tree(), 100'000);
  CommandSpec spec = command({"sh", "-c", "head -c 3000000 /dev/zero; sleep 1.1"});
  spec.passes_stdout = true;
  std::vector<UniqueFd> own;
  own.emplace_back(::open(setup.file("own").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const auto passed = setup.run(spec, std::move(own));
  CHECK(passed.report.ending == Ending::exited);
  CHECK(content_of(setup.file("own")).size() == 3'000'000);
  setup.attempt.number = 2;
  const auto kept = setup.run(command({"sh", "-c", "head -c 90000 /dev/zero; sleep 1.1"}));
  CHECK(kept.report.ending == Ending::exited);
  CHECK(kept.report.reason.empty());
}

}  // namespace
}  // namespace jobpool::worker
