// The ends of applies that are on their way to somebody: as long as one of them is, its job is not forgotten, for its key must not run it
// again. Broker process, its one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

#include "common/ids.hpp"

namespace jobpool::broker {

class Deliveries;

// One way of an end, for as long as it or a copy lives; empty: none. Plain words, since each apply has one.
class Delivery {
 public:
  Delivery() = default;
  Delivery(Deliveries& all, JobId job);
  Delivery(const Delivery& other);
  Delivery(Delivery&& other) noexcept : all_(std::exchange(other.all_, nullptr)), job_(other.job_) {}
  Delivery& operator=(Delivery other) noexcept {
    std::swap(all_, other.all_);
    std::swap(job_, other.job_);
    return *this;
  }
  ~Delivery();

  explicit operator bool() const { return all_ != nullptr; }

 private:
  Deliveries* all_ = nullptr;
  JobId job_;
};

class Deliveries {
 public:
  // `over`: told when the last of a job's is. Requires: this outlives all of them.
  explicit Deliveries(std::function<void(JobId)> over) : over_(std::move(over)) {}
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

 private:
  friend class Delivery;
  void drop(JobId job) {
    const auto found = under_way_.find(job);
    if (--found->second > 0) return;
    under_way_.erase(found);
    over_(job);
  }

  std::function<void(JobId)> over_;
  std::unordered_map<JobId, std::uint32_t> under_way_;  // how many of each
};

inline Delivery::Delivery(Deliveries& all, JobId job) : all_(&all), job_(job) { ++all.under_way_[job]; }
inline Delivery::Delivery(const Delivery& other) : all_(other.all_), job_(other.job_) {
  if (all_ != nullptr) ++all_->under_way_[job_];
}
inline Delivery::~Delivery() {
  if (all_ != nullptr) all_->drop(job_);
}

}  // namespace jobpool::broker
