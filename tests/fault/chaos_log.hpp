// The client's side of the chaos test: what was submitted under which name, and what it was told. Kept in the test's own process, which
// nobody kills.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace jobpool::fault {

// How a job was brought. Its name begins with that letter, and is its idempotency key where it has one.
enum class Way : char {
  durable = 'd',    // ApplyAsync on a connection of the test's
  ephemeral = 'e',  // the same, not on disk
  apply = 'a',      // `jobpool apply`: ephemeral, with the client's own streams
  submit = 's',     // `jobpool apply-async --unique`: durable
  // A chunk of an ApplyAll. The map's name, which all of its jobs have, goes on with the chunk's number here.
  durable_map = 'm',
  ephemeral_map = 'n',
};

// Commands and chunks leave lines in the ledger.
enum class Work { command, function, chunk };

struct Submitted {
  Way way;
  Work work;
  std::int64_t number;
  int retries = 0;
  std::optional<std::uint64_t> id = {};  // accepted
  std::optional<int> exit_code = {};     // of a client that was left to end by itself
  std::string out = {}, err = {};
  nlohmann::json told = {};   // the ending of a chunk
  bool is_abandoned = false;  // its caller went away before

  bool is_durable() const { return way == Way::durable || way == Way::submit || way == Way::durable_map; }
};

using Log = std::map<std::string, Submitted>;  // by name

inline std::string name_of(const Submitted& job) { return static_cast<char>(job.way) + std::to_string(job.number); }

}  // namespace jobpool::fault
