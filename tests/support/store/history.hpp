// A seeded writer of valid histories: batches as an engine would hand them to a Store, with everything a record can hold. For tests only.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "daemon/broker/store/store.hpp"

namespace jobpool::testing {

class History {
 public:
  explicit History(unsigned seed, std::size_t largest_result = 200'000) : random_(seed), largest_result_(largest_result) {}

  // The next batch: usually a few writes about a few jobs, sometimes none.
  broker::StoreBatch next();

 private:
  struct Life {
    JobId job;
    std::uint32_t attempts = 0;
    bool attempt_is_open = false, ended = false;
    int dependencies = 0;
  };

  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  bool one_in(int chances) { return below(chances) == 0; }
  std::int64_t number() { return static_cast<std::int64_t>(random_()) - (1LL << 31); }
  std::string text(std::size_t largest);
  void step(broker::StoreBatch& batch, std::size_t at);
  broker::JobRecord job();
  broker::Attempt attempt(std::uint32_t number);
  broker::JobEnd end(JobId job);
  broker::PoolRecord pool();

  std::mt19937 random_;
  std::size_t largest_result_;
  std::uint64_t last_job_ = 0;
  std::vector<Life> lives_;
  std::uint16_t last_pool_ = 0;
};

}  // namespace jobpool::testing
