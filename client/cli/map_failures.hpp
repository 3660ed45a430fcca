// The failures of a map: counted for the exit code, and told in a table when all is over.
#pragma once

#include <cstddef>

#include "client/cli/map_end.hpp"
#include "client/cli/table.hpp"

namespace jobpool::cli {

class MapFailures {
 public:
  MapFailures();
  void add(const MapEnd& end);
  // On stderr, where there were any. `all`: how many items have ended.
  void tell_of(std::size_t all) const;
  std::size_t count() const { return count_; }
  // How many; one more than a hundred for all that is more.
  int exit_code() const;

 private:
  Table table_;
  std::size_t count_ = 0;
};

}  // namespace jobpool::cli
