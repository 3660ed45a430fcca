// Who waits until which pool's workers have left. Broker process, its one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "common/ids.hpp"

namespace jobpool::broker {

class Joiners {
 public:
  enum class News { left, reopened };  // reopened: it runs again, or is gone; there is nothing to wait for
  using OnNews = std::function<void(News)>;
  using Key = std::uint64_t;

  Key add(PoolNumber pool, OnNews on_news);
  // Harmless when it is gone already.
  void remove(PoolNumber pool, Key key);
  // Calls everybody who waits for it, once; they are gone before the first is called.
  void tell(PoolNumber pool, News news);

 private:
  struct Joiner {
    Key key;
    OnNews on_news;
  };
  std::map<PoolNumber, std::vector<Joiner>> by_pool_;
  Key last_ = 0;
};

}  // namespace jobpool::broker
