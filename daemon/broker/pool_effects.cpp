// What the core wants of pools and their workers, carried out. See engine.hpp.
#include <utility>

#include "common/job/setup.hpp"
#include "common/log.hpp"
#include "daemon/broker/engine.hpp"

namespace jobpool::broker {
namespace {

std::string failure_of(const ReportView& report) {
  if (report.ending == Ending::returned) return {};
  std::string failure{report.error_type};
  if (!failure.empty()) failure += ": ";
  return failure.append(report.reason);
}

}  // namespace

Result<void> Engine::on_set_up(Incarnation worker, std::span<const std::byte> report) {
  const auto decoded = decode_report(report);
  if (!decoded) return decoded.error();
  tell(WorkerSetUp{worker, failure_of(*decoded)});
  return {};
}

void Engine::on_leaving(Incarnation worker) {
  log::debug("a worker leaves of its own accord, and gets nothing more");
  tell(WorkerCondemned{worker, WorkerCondemned::Why::leaves});
}

void Engine::carry_out(const SavePool& effect) {
  // Null: it was deleted in the same breath; it is taken out of the store instead.
  const CorePool* pool = core_.pools().find(effect.pool);
  if (pool == nullptr) return;
  journal_.write(pool->record);
  if (pool->record.deleted) return;
  if (auto tell = listener_.announcement(*pool)) journal_.after_commit(std::move(tell));
}

void Engine::carry_out(const RemovePool& effect) {
  journal_.write(PoolRemoval{effect.pool}, Urgency::soon);
  stats_.forget(effect.pool);
  listener_.on_pool_removed(effect.pool);
}

void Engine::carry_out(const StartWorker& effect) { listener_.on_start_worker(effect.number, effect.pool); }

void Engine::carry_out(const SetUpWorker& effect) {
  const CorePool* pool = core_.pools().find(effect.pool);
  if (pool == nullptr) return;
  const PoolSettings& settings = pool->record.settings;
  WorkerSetup setup;
  setup.memory_bytes = settings.memory_bytes;
  setup.function = settings.initializer;
  setup.pool = settings.name;
  setup.arguments = settings.arguments;
  dispatcher_.set_up(effect.worker, encode_setup(setup));
}

void Engine::carry_out(const DismissWorker& effect) { dispatcher_.dismiss(effect.worker); }

void Engine::carry_out(const SetupFailed& effect) {
  const CorePool* pool = core_.pools().find(effect.pool);
  if (pool == nullptr) return;
  // Not its initializer's words, which may be anything: those are shown to whoever asks.
  const std::string_view name = pool->record.settings.name;
  log::About{.pool = name}.warn("pool '{}': worker {} could not be set up; trying again in {} ms; 'jobpool pool show {}' says why", name,
                                effect.worker.value, effect.pause.count() / 1000, name);
}

void Engine::carry_out(const PoolLeft& effect) { listener_.on_pool_left(effect.pool); }

}  // namespace jobpool::broker
