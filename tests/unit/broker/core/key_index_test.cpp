// Jobs by submitter and key.
#include "daemon/broker/core/key_index.hpp"

#include <deque>

#include "tests/support/catch.hpp"

namespace jobpool::broker {
namespace {

Job job_with(uid_t uid, std::string_view key) {
  Job job;
  job.uid = uid;
  job.key = SharedText(key);
  return job;
}

TEST_CASE("a key finds its submitter's job, and nobody else's, until that is erased") {
  std::deque<Job> jobs;
  KeyIndex index;
  for (uid_t uid = 1; uid <= 3; ++uid)
    for (int number = 0; number < 500; ++number) index.add(jobs.emplace_back(job_with(uid, "key-" + std::to_string(number))));
  for (Job& job : jobs) CHECK(index.find(job.uid, job.key) == &job);
  CHECK(index.find(4, "key-7") == nullptr);
  CHECK(index.find(1, "key-500") == nullptr);
  for (std::size_t i = 0; i < jobs.size(); i += 2) index.erase(jobs[i]);
  for (std::size_t i = 0; i < jobs.size(); ++i) CHECK(index.find(jobs[i].uid, jobs[i].key) == (i % 2 == 0 ? nullptr : &jobs[i]));
}

TEST_CASE("of two jobs with one key the later is found, and erasing the other changes nothing") {
  Job first = job_with(1, "same"), second = job_with(1, "same");
  first.id = JobId{1};
  second.id = JobId{2};
  const bool in_order = GENERATE(true, false);
  KeyIndex index;
  index.add(in_order ? first : second);
  index.add(in_order ? second : first);
  CHECK(index.find(1, "same") == &second);
  index.erase(first);
  CHECK(index.find(1, "same") == &second);
}

TEST_CASE("a job without a key is not entered") {
  Job job = job_with(1, "");
  KeyIndex index;
  index.add(job);
  CHECK(index.find(1, "") == nullptr);
  index.erase(job);
}

}  // namespace
}  // namespace jobpool::broker
