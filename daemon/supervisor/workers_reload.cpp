// The table of workers across a reload: what is remembered, and taken over by the successor; and their leave before one.
#include <chrono>
#include <utility>

#include "daemon/supervisor/workers.hpp"

namespace jobpool::supervisor {

WorkersRecord Workers::remember() const {
  WorkersRecord record;
  record.last = last_;
  record.spared = orphans_.spared();
  for (const auto& [incarnation, worker] : workers_) {
    const shm::SegmentFds& segment = worker.segment;
    record.workers.push_back({.incarnation = incarnation,
                              .number = worker.number,
                              .pid = worker.pid,
                              .state = worker.state,
                              .code = worker.code,
                              .value = worker.value,
                              .process = worker.process.get(),
                              .liveness = worker.liveness.get(),
                              .orders = worker.orders.get(),
                              .segment = {segment.control.get(), segment.to_worker.get(), segment.from_worker.get(), segment.payload.get(),
                                          segment.eventfd.get()},
                              .note = worker.note});
  }
  return record;
}

Result<void> Workers::take_over(const WorkersRecord& record) {
  last_ = record.last;
  orphans_.spare(record.spared);
  for (const WorkerRecord& worker : record.workers) {
    auto taken = take_over(worker);
    if (!taken) return taken;
  }
  // Deaths and orphans whose signal the predecessor had read.
  expect_burial();
  sweep();
  return {};
}

Result<void> Workers::take_over(const WorkerRecord& record) {
  Worker& worker = workers_[record.incarnation];
  worker = Worker{record.number,
                  record.state,
                  record.pid,
                  UniqueFd(record.process),
                  UniqueFd(record.liveness),
                  UniqueFd(record.orders),
                  {UniqueFd(record.segment[0]), UniqueFd(record.segment[1]), UniqueFd(record.segment[2]), UniqueFd(record.segment[3]),
                   UniqueFd(record.segment[4])},
                  Loop::Watch::none,
                  record.code,
                  record.value,
                  Program::older,
                  record.note};
  if (worker.state == State::buried) return {};
  pids_.insert(worker.pid);
  places_.try_emplace(worker.number, Place{}).first->second.occupied = true;
  if (worker.state == State::alive) return watch(record.incarnation, worker);
  worker.died = Clock::now();
  dying_.push_back(record.incarnation);
  return {};
}

void Workers::retire_all() {
  hold_starts();
  spares_.end();  // they are of an older program as well; the next worker that is started has some kept again
  for (auto& [incarnation, worker] : workers_) {
    worker.program = Program::older;
    control::Message retire;
    retire.kind = control::Kind::retire_worker;
    retire.incarnation = incarnation;
    tell_(retire, {});
  }
}

void Workers::release_starts() {
  holding_ = false;
  for (auto& [number, place] : places_)
    if (std::exchange(place.held, false)) wait_and_start(number, place);
}

}  // namespace jobpool::supervisor
