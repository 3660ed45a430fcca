// Jobs by submitter and key.
#include "daemon/broker/core/key_index.hpp"

#include <deque>
#include <random>
#include <vector>

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

// Names share places by chance, the more of them there are: each one entered, found and erased stands among those of others.
TEST_CASE("whatever was entered and erased before, each key finds its job and no other") {
  std::minstd_rand random(GENERATE(range(1u, 9u)));
  std::deque<Job> jobs;
  for (int number = 0; number < 600; ++number)
    jobs.push_back(job_with(static_cast<uid_t>(number % 3), "key-" + std::to_string(number / 3)));
  KeyIndex index;
  std::vector<bool> is_in(jobs.size());
  for (int step = 0; step < 20'000; ++step) {
    // By turns it fills up and empties, so that the table grows and shrinks.
    const std::size_t span = step / 2'000 % 2 == 0 ? jobs.size() : 30;
    const std::size_t i = random() % span;
    const bool enters = step / 2'000 % 2 == 0 ? random() % 4 != 0 : random() % 2 == 0;
    if (enters && !is_in[i]) index.add(jobs[i]);
    if (!enters) index.erase(jobs[i]);
    is_in[i] = enters;
    if (step % 2'000 == 0)
      for (std::size_t far = span; far < jobs.size(); ++far) {
        index.erase(jobs[far]);
        is_in[far] = false;
      }
    const std::size_t other = random() % jobs.size();
    REQUIRE((index.find(jobs[other].uid, jobs[other].key) == &jobs[other]) == is_in[other]);
    REQUIRE((index.find(jobs[i].uid, jobs[i].key) == &jobs[i]) == is_in[i]);
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) CHECK(index.find(jobs[i].uid, jobs[i].key) == (is_in[i] ? &jobs[i] : nullptr));
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
