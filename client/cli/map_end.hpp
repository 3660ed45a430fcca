// What became of one item of a map, or of the items of one command line: what its output, the table of failures and the job log are made
// of. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/cli/replacement.hpp"
#include "proto/chunk.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

struct MapEnd {
  const Item& item;
  bool is_function = true;                        // or a command
  std::uint64_t job = 0;                          // 0: it never became one
  int exit_code = 0;                              // 0: it succeeded
  int signal = 0;                                 // it died of
  std::string why;                                // of a failure
  std::string_view result = {};                   // a function's, JSON text
  const proto::Ending* ending = nullptr;          // the job's; null: it never became one
  std::size_t received = 0;                       // bytes of its result or stdout
  const proto::ItemError* error = nullptr;        // of an item that failed in a chunk that did not fail whole
  std::int64_t started_usec = 0, ended_usec = 0;  // wall clock: from its submission to its end; of a chunk's items each its share
};

// Its columns, for people.
std::string shown(const Item& item);

}  // namespace jobpool::cli
