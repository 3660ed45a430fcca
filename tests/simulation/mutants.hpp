// Mistakes put in on purpose, one per run. Each breaks a promise, and the oracle must say so within few schedules: they prove that it can.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace jobpool::simulation {

enum class Mutant {
  none,
  early_commit,     // the store tells of a commit before it is durable
  lost_step,        // what the store committed last is gone after a crash
  mute_store,       // the store commits, and does not always tell
  lost_ledger,      // a broker's death takes the ledger along
  late_ledger,      // what a broker wrote into the ledger in its last turn is lost
  lost_slots,       // a broker's death takes along the record of what is in the workers' slots
  revoked_offer,    // a worker runs an offer that was taken back
  no_key,           // the broker overlooks keys
  no_priority,      // it overlooks priorities
  no_dependencies,  // it overlooks what a job is to run after
  reused_ids,       // a new daemon begins at the first id
  no_pause,         // the broker overlooks that a pool is paused
  one_pool,         // it takes all jobs for those of the default pool
  no_setup,         // it takes workers for ones that need no set-up
};

struct NamedMutant {
  std::string_view name;
  Mutant mutant;
};
inline constexpr std::array kMutants{
    NamedMutant{"early_commit", Mutant::early_commit},   NamedMutant{"lost_step", Mutant::lost_step},
    NamedMutant{"mute_store", Mutant::mute_store},       NamedMutant{"lost_ledger", Mutant::lost_ledger},
    NamedMutant{"late_ledger", Mutant::late_ledger},     NamedMutant{"lost_slots", Mutant::lost_slots},
    NamedMutant{"revoked_offer", Mutant::revoked_offer}, NamedMutant{"no_key", Mutant::no_key},
    NamedMutant{"no_priority", Mutant::no_priority},     NamedMutant{"no_dependencies", Mutant::no_dependencies},
    NamedMutant{"reused_ids", Mutant::reused_ids},       NamedMutant{"no_pause", Mutant::no_pause},
    NamedMutant{"one_pool", Mutant::one_pool},           NamedMutant{"no_setup", Mutant::no_setup},
};

inline std::optional<Mutant> mutant_from(std::string_view name) {
  for (const NamedMutant& one : kMutants)
    if (one.name == name) return one.mutant;
  return std::nullopt;
}

}  // namespace jobpool::simulation
