// The ends of applies that are on their way to somebody: as long as one of them is, its job is not forgotten, for its key must not run it
// again. Broker process, its one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "common/ids.hpp"
#include "daemon/broker/core/job_id_map.hpp"

namespace jobpool::broker {

class Deliveries {
 public:
  // `over`: told when the last of a job's is.
  explicit Deliveries(std::function<void(JobId)> over) : state_(new State{std::move(over), {}}) {}
  // Those that are under way now (an answer that waits for a read of the store, which ends later) tell nobody.
  ~Deliveries() {
    state_->over = nullptr;
    if (state_->under_way.empty()) delete state_;
  }
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

 private:
  friend class Delivery;
  struct State {
    std::function<void(JobId)> over;
    JobIdMap<std::uint32_t> under_way;  // how many of each
  };
  State* const state_;  // its own, and the last delivery's after that
};

// One way of an end, for as long as it or a copy lives; empty: none. Plain words, since each apply has one.
class Delivery {
 public:
  Delivery() = default;
  Delivery(Deliveries& all, JobId job) : all_(all.state_), job_(job) { ++all_->under_way[job]; }
  Delivery(const Delivery& other) : all_(other.all_), job_(other.job_) {
    if (all_ != nullptr) ++all_->under_way[job_];
  }
  Delivery(Delivery&& other) noexcept : all_(std::exchange(other.all_, nullptr)), job_(other.job_) {}
  Delivery& operator=(Delivery other) noexcept {
    std::swap(all_, other.all_);
    std::swap(job_, other.job_);
    return *this;
  }
  ~Delivery() {
    if (all_ != nullptr) drop();
  }

  explicit operator bool() const { return all_ != nullptr; }

 private:
  void drop() {
    if (--*all_->under_way.find(job_) > 0) return;
    all_->under_way.erase(job_);
    if (all_->over != nullptr) return all_->over(job_);
    if (all_->under_way.empty()) delete all_;
  }

  Deliveries::State* all_ = nullptr;
  JobId job_;
};

}  // namespace jobpool::broker
