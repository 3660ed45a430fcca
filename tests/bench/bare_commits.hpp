// The floor of everything durable: rows through a bare SQLite connection as careful as the store's (WAL, FULL), and nothing else.
#pragma once

#include <optional>
#include <string>

#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::bench {

class BareCommits {
 public:
  // Makes bare.sqlite in that folder, of rows of so many bytes.
  BareCommits(const std::string& dir, std::size_t row_bytes);

  void commit(long rows);

 private:
  broker::Database database_;
  const std::string row_;
  std::optional<broker::Statement> begin_, insert_, end_;
};

}  // namespace jobpool::bench
