// Who waits until which pool's workers have left.
#include "daemon/broker/rpc/joiners.hpp"

#include <utility>

namespace jobpool::broker {

Joiners::Key Joiners::add(PoolNumber pool, OnNews on_news) {
  by_pool_[pool].push_back({++last_, std::move(on_news)});
  return last_;
}

void Joiners::remove(PoolNumber pool, Key key) {
  const auto found = by_pool_.find(pool);
  if (found == by_pool_.end()) return;
  std::erase_if(found->second, [&](const Joiner& one) { return one.key == key; });
  if (found->second.empty()) by_pool_.erase(found);
}

void Joiners::tell(PoolNumber pool, News news) {
  const auto node = by_pool_.extract(pool);
  if (node.empty()) return;
  for (const Joiner& joiner : node.mapped()) joiner.on_news(news);
}

}  // namespace jobpool::broker
