// From a range of C++ values to the arguments of a map's items, as they are needed. For Pool's templates.
#pragma once

#include <memory>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>

#include "jobpool/map_stream.hpp"
#include "jobpool/value.hpp"

namespace jobpool {

// map: the item is the one argument. starmap: the item is all of them, a tuple, pair or array of C++ values, a vector, or Json of an array.
enum class Items { arguments, argument_lists };

template <Items kind, class Item>
void append_item(std::string& out, const Item& item) {
  if constexpr (kind == Items::arguments) {
    out += '[';
    append_json(out, item);
    out += ']';
  } else if constexpr (requires { std::tuple_size<Item>::value; }) {
    out += std::apply([](const auto&... arguments) { return json_array(arguments...); }, item);
  } else {
    append_json(out, item);
  }
}

// Of a range that outlives the map.
template <Items kind, std::ranges::input_range Range>
NextItem items_of(const Range& range) {
  return [at = std::ranges::begin(range), end = std::ranges::end(range)](std::string& out) mutable {
    if (at == end) return false;
    append_item<kind>(out, *at);
    ++at;
    return true;
  };
}

// Of one that is kept for it: whatever can be moved, also a view that makes its items as it goes.
template <Items kind, std::ranges::input_range Range>
NextItem items_kept(Range range) {
  struct Kept {
    explicit Kept(Range all) : range(std::move(all)), at(std::ranges::begin(range)) {}
    Range range;
    std::ranges::iterator_t<Range> at;
  };
  auto kept = std::make_shared<Kept>(std::move(range));
  return [kept](std::string& out) {
    if (kept->at == std::ranges::end(kept->range)) return false;
    append_item<kind>(out, *kept->at);
    ++kept->at;
    return true;
  };
}

}  // namespace jobpool
