// Who is idle, who has room.
#include "daemon/broker/core/worker_table.hpp"

namespace jobpool::broker {

CoreWorker& WorkerTable::add(Incarnation incarnation, WorkerNumber number, Condition condition) {
  CoreWorker& worker = workers_[incarnation];
  const Load load{worker.in_flight.size(), incarnation, &worker};
  by_load_.insert(place_of(load), load);
  worker.incarnation = incarnation;
  worker.number = number;
  worker.starting = condition == Condition::starting;
  if (!worker.starting) idle_.push_back(incarnation);
  return worker;
}

void WorkerTable::has_been_set_up(CoreWorker& worker) {
  worker.starting = false;
  if (!worker.condemned) idle_.push_back(worker.incarnation);
}

void WorkerTable::remove(Incarnation incarnation) {
  auto found = workers_.find(incarnation);
  if (found == workers_.end()) return;
  in_flight_ -= found->second.in_flight.size();
  standing_behind_ -= standing_behind(found->second);
  by_load_.erase(place_of({found->second.in_flight.size(), incarnation, &found->second}));
  workers_.erase(found);
  std::erase(idle_, incarnation);
}

void WorkerTable::condemn(Incarnation incarnation) {
  if (CoreWorker* worker = find(incarnation)) worker->condemned = true;
  std::erase(idle_, incarnation);
}

bool WorkerTable::mark_ending(CoreWorker& worker, JobId job) {
  if (std::ranges::find(worker.ending, job) != worker.ending.end()) return false;
  worker.ending.push_back(job);
  return true;
}

CoreWorker* WorkerTable::find(Incarnation incarnation) {
  auto found = workers_.find(incarnation);
  return found == workers_.end() ? nullptr : &found->second;
}

void WorkerTable::put(CoreWorker& worker, JobId job, Company company) {
  if (company == Company::none) worker.reserved = true;
  if (worker.in_flight.empty()) std::erase(idle_, worker.incarnation);
  worker.idle_since = TimePoint::max();
  worker.in_flight.push_back(job);
  ++in_flight_;
  if (worker.in_flight.size() > threads_) ++standing_behind_;
  load_changed(worker, worker.in_flight.size() - 1);
}

void WorkerTable::take(CoreWorker& worker, JobId job) {
  const auto found = std::ranges::find(worker.in_flight, job);  // mostly the first
  const bool was_there = found != worker.in_flight.end();
  if (was_there) {
    if (worker.in_flight.size() > threads_) --standing_behind_;
    worker.in_flight.erase(found);
    --in_flight_;
    load_changed(worker, worker.in_flight.size() + 1);
  }
  std::erase(worker.ending, job);
  worker.blocked = false;
  if (worker.in_flight.empty()) worker.reserved = false;
  if (was_there && worker.in_flight.empty() && !worker.condemned) idle_.push_back(worker.incarnation);
}

CoreWorker* WorkerTable::idle() { return idle_.empty() ? nullptr : find(idle_.back()); }

// One that is to leave after some more jobs is offered no more than these.
bool WorkerTable::has_room(const CoreWorker& worker) {
  return !worker.blocked && !worker.condemned && !worker.starting && !worker.reserved && worker.ending.empty() &&
         (worker.max_tasks == 0 || worker.tasks + worker.in_flight.size() < worker.max_tasks);
}

std::size_t WorkerTable::free_threads() const {
  if (threads_ == 1) return idle_.size();
  std::size_t count = 0;
  for (const auto& [incarnation, worker] : workers_)
    if (has_room(worker) && worker.in_flight.size() < threads_) count += threads_ - worker.in_flight.size();
  return count;
}

CoreWorker* WorkerTable::least_loaded(std::size_t depth) {
  for (const Load& load : by_load_) {
    if (load.jobs >= depth) return nullptr;
    if (has_room(*load.worker)) return load.worker;
  }
  return nullptr;
}

void WorkerTable::load_changed(CoreWorker& worker, std::size_t before) {
  const auto old = place_of({before, worker.incarnation, &worker});
  const Load load{worker.in_flight.size(), worker.incarnation, &worker};
  if (load.jobs < before) {
    const auto place = std::lower_bound(by_load_.begin(), old, load);
    std::move_backward(place, old, old + 1);
    *place = load;
  } else {
    const auto place = std::lower_bound(old + 1, by_load_.end(), load);
    *std::move(old + 1, place, old) = load;
  }
}

}  // namespace jobpool::broker
