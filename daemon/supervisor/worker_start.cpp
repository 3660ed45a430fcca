// The descriptors are at the numbers that common/control/arguments.hpp says.
#include "daemon/supervisor/worker_start.hpp"

#include <utility>

#include "common/control/arguments.hpp"
#include "common/socket.hpp"

namespace jobpool::supervisor {

WorkerStart::WorkerStart(Spawner& spawner, Launch launch) : spawner_(spawner), launch_(std::move(launch)), program_(launch_.program) {}

Result<NewWorker> WorkerStart::start(std::uint32_t threads, const std::vector<std::string>& place) {
  auto segment = shm::create_segment(threads);
  if (!segment) return segment.error();
  auto liveness = seqpacket_pair();
  if (!liveness) return liveness.error();
  auto orders = seqpacket_pair();
  if (!orders) return orders.error();
  NewWorker worker{{}, std::move(liveness->first), std::move(orders->first), std::move(*segment)};
  auto child = spawn(place, worker, liveness->second.get(), orders->second.get());
  if (!child) return child.error();
  worker.child = std::move(*child);
  return worker;
}

Result<Child> WorkerStart::spawn(const std::vector<std::string>& place, const NewWorker& ours, int liveness, int orders) {
  auto theirs = shm::reopen_for_worker(ours.segment);
  if (!theirs) return theirs.error();
  SpawnPlan plan;
  plan.program = program_.path();
  plan.file = program_.file();
  plan.arguments = place;
  plan.arguments.insert(plan.arguments.end(), launch_.arguments.begin(), launch_.arguments.end());
  plan.environment = launch_.environment;
  plan.file_limit = FileLimit::original;
  plan.fds = {{theirs->control.get(), control::kWorkerControlMemFd},
              {theirs->to_worker.get(), control::kWorkerToWorkerMemFd},
              {theirs->from_worker.get(), control::kWorkerFromWorkerMemFd},
              {theirs->payload.get(), control::kWorkerPayloadMemFd},
              {theirs->eventfd.get(), control::kWorkerEventFd},
              {liveness, control::kWorkerSupervisorFd},
              {orders, control::kWorkerOrdersFd},
              {launch_.output_dir, control::kWorkerOutputDirFd}};
  auto child = spawner_.spawn(plan);
  // A spare one is tried again for as long as there is a shortage of anything, and is no reason to take a program that was not reloaded.
  if (!child && !place.empty()) program_.look_again();
  return child;
}

}  // namespace jobpool::supervisor
