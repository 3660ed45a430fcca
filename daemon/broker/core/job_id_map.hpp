// Values by job id. Ids come ascending and are mostly forgotten in that order too, so the values are kept in pages of neighbours: a lookup
// is a comparison where the last one was on the same page, a subtraction where all pages between are there, else a binary search; nothing
// is ever moved or rehashed, so that the millionth is entered as fast as the first, and a value stays where it is.
// An id far below the others is entered in as many steps as there are pages behind it. Broker process, its one thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "common/ids.hpp"

namespace jobpool::broker {

template <class Value>
class JobIdMap {
 public:
  // Null: none. Values may be written by whoever finds them.
  Value* find(JobId id) const {
    if (const auto number = id.value / kPageJobs; latest_.number != number) turn_to(number);
    return latest_.page != nullptr && latest_.page->has(id.value % kPageJobs) ? &latest_.page->values[id.value % kPageJobs] : nullptr;
  }
  bool contains(JobId id) const { return find(id) != nullptr; }

  // Requires: there is none yet.
  Value& add(JobId id, Value value) {
    const auto number = id.value / kPageJobs, bit = id.value % kPageJobs;
    if (latest_.number != number || latest_.page == nullptr) latest_ = {number, &make_page(number)};
    latest_.page->present |= std::uint64_t{1} << bit;
    ++size_;
    return latest_.page->values[bit] = std::move(value);
  }
  // That of this id, made where there is none.
  Value& operator[](JobId id) {
    Value* const found = find(id);
    return found != nullptr ? *found : add(id, Value{});
  }

  // Requires: there is one.
  void erase(JobId id) {
    const auto number = id.value / kPageJobs, bit = id.value % kPageJobs;
    if (latest_.number != number) turn_to(number);
    Page& page = *latest_.page;
    page.present &= ~(std::uint64_t{1} << bit);
    page.values[bit] = Value{};
    --size_;
    if (page.present != 0) return;
    latest_.number = kNone;
    pages_.erase(place(index_from(number)));
  }

  // The first at this id or a larger one; the last at a smaller one. Null: there is none.
  Value* from(JobId id) const {
    const auto number = id.value / kPageJobs;
    for (auto index = index_from(number); index < pages_.size(); ++index) {
      const auto& [own, page] = pages_[index];
      const auto left = own == number ? page->present >> (id.value % kPageJobs) << (id.value % kPageJobs) : page->present;
      if (left != 0) return &page->values[static_cast<std::size_t>(std::countr_zero(left))];
    }
    return nullptr;
  }
  Value* before(JobId id) const {
    const auto number = id.value / kPageJobs;
    for (auto index = std::min(index_from(number) + 1, pages_.size()); index-- > 0;) {
      const auto& [own, page] = pages_[index];
      if (own > number) continue;
      const auto left = own == number ? page->present & ((std::uint64_t{1} << (id.value % kPageJobs)) - 1) : page->present;
      if (left != 0) return &page->values[static_cast<std::size_t>(std::bit_width(left) - 1)];
    }
    return nullptr;
  }

  // Each with its id, ascending. Requires: nothing is entered or erased meanwhile.
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [number, page] : pages_)
      for (std::uint64_t left = page->present; left != 0; left &= left - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(left));
        visit(JobId{number * kPageJobs + bit}, page->values[bit]);
      }
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  static constexpr std::size_t kPageJobs = 64;  // what one that outlives its neighbours keeps of them: 0.5 KiB where values are words

  static constexpr std::uint64_t kNone = ~std::uint64_t{0};  // no page has this number

  struct Page {
    std::uint64_t present = 0;  // a bit for each
    std::array<Value, kPageJobs> values{};
    bool has(std::size_t bit) const { return (present >> bit & 1) != 0; }
  };
  struct Place {
    std::uint64_t number;  // of the ids from number * kPageJobs on
    std::unique_ptr<Page> page;
  };
  using Pages = std::deque<Place>;

  // Apart, so that a look at the page that was looked at last is a few instructions, wherever it is asked for.
  [[gnu::noinline]] void turn_to(std::uint64_t number) const { latest_ = {number, page_of(number)}; }

  typename Pages::iterator place(std::size_t index) { return pages_.begin() + static_cast<std::ptrdiff_t>(index); }

  // Null: there is none.
  Page* page_of(std::uint64_t number) const {
    const auto index = index_from(number);
    return index == pages_.size() || pages_[index].number != number ? nullptr : pages_[index].page.get();
  }
  Page& make_page(std::uint64_t number) {
    const auto index = index_from(number);
    if (index == pages_.size() || pages_[index].number != number) pages_.insert(place(index), Place{number, std::make_unique<Page>()});
    return *pages_[index].page;
  }

  // Of the first page with this number or a larger one.
  std::size_t index_from(std::uint64_t number) const {
    if (pages_.empty() || number <= pages_.front().number) return 0;
    // Numbers are ascending and distinct: none stands further back than its distance from the first.
    const auto distance = number - pages_.front().number;
    if (distance < pages_.size() && pages_[distance].number == number) return distance;
    const auto last = pages_.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(distance, pages_.size()));
    return static_cast<std::size_t>(std::ranges::lower_bound(pages_.begin(), last, number, {}, &Place::number) - pages_.begin());
  }

  Pages pages_;  // ascending; none of them is empty
  // That which was looked for last, null where there is none: an event looks for its job several times, and the next one is often a
  // neighbour's.
  mutable struct {
    std::uint64_t number;
    Page* page;
  } latest_{kNone, nullptr};
  std::size_t size_ = 0;
};

}  // namespace jobpool::broker
