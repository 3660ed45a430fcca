// The order of ready jobs: priorities, submitters' turns, what is taken back, what is swept out.
#include "daemon/broker/core/ready_queue.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

std::vector<std::uint64_t> drained(ReadyQueue& queue) {
  std::vector<std::uint64_t> order;
  for (; !queue.empty(); queue.pop_front(ReadyQueue::Turn::taken)) order.push_back(queue.front()->value);
  return order;
}

using Order = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("higher priorities come first, equal ones in order") {
  ReadyQueue queue;
  queue.push_back(JobId{1}, 0, 7);
  queue.push_back(JobId{2}, -5, 7);
  queue.push_back(JobId{3}, 9, 7);
  queue.push_back(JobId{4}, 9, 7);
  CHECK(queue.size() == 4);
  CHECK(drained(queue) == Order{3, 4, 1, 2});
  CHECK_FALSE(queue.front().has_value());
}

TEST_CASE("submitters take turns, however many jobs one of them has") {
  ReadyQueue queue;
  for (std::uint64_t id = 1; id <= 4; ++id) queue.push_back(JobId{id}, 0, 100);
  queue.push_back(JobId{11}, 0, 200);
  queue.push_back(JobId{12}, 0, 200);
  queue.push_back(JobId{21}, 0, 300);
  CHECK(drained(queue) == Order{1, 11, 21, 2, 12, 3, 4});
}

TEST_CASE("what is taken back is the next, and its submitter is up again") {
  ReadyQueue queue;
  queue.push_back(JobId{1}, 0, 100);
  queue.push_back(JobId{2}, 0, 100);
  queue.push_back(JobId{11}, 0, 200);
  queue.pop_front(ReadyQueue::Turn::taken);
  queue.push_front(JobId{1}, 0, 100);
  CHECK(drained(queue) == Order{1, 11, 2});
}

TEST_CASE("an entry that is dropped costs its submitter no turn") {
  ReadyQueue queue;
  queue.push_back(JobId{1}, 0, 100);
  queue.push_back(JobId{2}, 0, 100);
  queue.push_back(JobId{11}, 0, 200);
  queue.pop_front(ReadyQueue::Turn::kept);
  CHECK(drained(queue) == Order{2, 11});
}

TEST_CASE("a sweep drops what is not wanted, with the levels and submitters that it empties") {
  ReadyQueue queue;
  queue.push_back(JobId{1}, 5, 100);
  queue.push_back(JobId{2}, 0, 100);
  queue.push_back(JobId{3}, 0, 200);
  queue.push_back(JobId{4}, 0, 200);
  queue.sweep([](JobId id) { return id == JobId{4}; });
  CHECK(queue.size() == 1);
  CHECK(drained(queue) == Order{4});
}
