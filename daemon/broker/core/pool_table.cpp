// Pools by number; there are few.
#include "daemon/broker/core/pool_table.hpp"

#include <utility>

namespace jobpool::broker {

PoolTable::PoolTable() {
  PoolRecord record;
  record.settings.name = "default";
  add(std::move(record));
}

CorePool* PoolTable::find(std::string_view name) const {
  for (const auto& pool : pools_)
    if (pool != nullptr && !pool->record.deleted && pool->record.settings.name == name) return pool.get();
  return nullptr;
}

CorePool& PoolTable::add(PoolRecord record) {
  const std::size_t place = record.number.value;
  if (place >= pools_.size()) pools_.resize(place + 1);
  if (pools_[place] == nullptr) {
    pools_[place] = std::make_unique<CorePool>();
    pools_[place]->workers = WorkerTable(record.settings.threads);
    ++size_;
  }
  pools_[place]->record = std::move(record);
  return *pools_[place];
}

void PoolTable::erase(PoolNumber number) {
  pools_[number.value].reset();
  --size_;
}

PoolNumber PoolTable::free_number() const {
  std::size_t place = 1;
  while (place < pools_.size() && pools_[place] != nullptr) ++place;
  return PoolNumber{static_cast<std::uint16_t>(place)};
}

CorePool* PoolTable::pool_of(Incarnation worker) const {
  for (const auto& pool : pools_)
    if (pool != nullptr && pool->workers.find(worker) != nullptr) return pool.get();
  return nullptr;
}

}  // namespace jobpool::broker
