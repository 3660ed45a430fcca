// Jobs by id: found, walked in both directions, and forgotten without a trace.
#include "daemon/broker/core/job_table.hpp"

#include <iterator>
#include <map>
#include <random>

#include "tests/support/catch.hpp"

namespace jobpool::broker {
namespace {

Job job_of(std::uint64_t id) {
  Job job;
  job.id = JobId{id};
  job.uid = static_cast<uid_t>(id);
  return job;
}

std::uint64_t id_of(const Job* job) { return job == nullptr ? 0 : job->id.value; }

TEST_CASE("a table of jobs answers as a map does, whatever comes and goes") {
  std::mt19937 random(7);
  std::map<std::uint64_t, bool> model;
  JobTable table;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t id = 1 + random() % (random() % 4 == 0 ? 5'000 : 300);
    if (model.contains(id)) {
      table.erase(JobId{id});
      model.erase(id);
    } else {
      CHECK(table.add(job_of(id)).id == JobId{id});
      model.emplace(id, true);
    }
    const std::uint64_t asked = random() % 5'200;
    CHECK(table.contains(JobId{asked}) == model.contains(asked));
    const auto next = model.lower_bound(asked);
    CHECK(id_of(table.from(JobId{asked})) == (next == model.end() ? 0 : next->first));
    CHECK(id_of(table.before(JobId{asked})) == (next == model.begin() ? 0 : std::prev(next)->first));
    CHECK(table.size() == model.size());
  }
}

TEST_CASE("a job stays where it is while others come and go") {
  JobTable table;
  const Job* first = &table.add(job_of(1'000));
  for (std::uint64_t id = 1; id < 10'000; ++id)
    if (id != 1'000) table.add(job_of(id));
  for (std::uint64_t id = 1; id < 10'000; ++id)
    if (id != 1'000) table.erase(JobId{id});
  CHECK(table.find(JobId{1'000}) == first);
  CHECK(table.first() == first);
  CHECK(table.after(*first) == nullptr);
}

}  // namespace
}  // namespace jobpool::broker
