// A small store of used objects whose buffers are worth keeping, so that idle connections hold none. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace jobpool::broker {

// T has reset(): back to empty, with at most a small buffer kept.
template <class T>
class FreeList {
 public:
  explicit FreeList(std::size_t kept) : kept_(kept) {}

  std::unique_ptr<T> take() {
    if (free_.empty()) return std::make_unique<T>();
    std::unique_ptr<T> taken = std::move(free_.back());
    free_.pop_back();
    return taken;
  }

  void give_back(std::unique_ptr<T> used) {
    if (used == nullptr || free_.size() >= kept_) return;
    used->reset();
    free_.push_back(std::move(used));
  }

 private:
  std::size_t kept_;
  std::vector<std::unique_ptr<T>> free_;
};

}  // namespace jobpool::broker
