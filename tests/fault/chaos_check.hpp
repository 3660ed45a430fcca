// The judgement of the chaos test, when all is quiet: what was told and what the daemon knows, against what ran.
#pragma once

#include "tests/fault/chaos_log.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/ledger.hpp"

namespace jobpool::fault {

void check_outcomes(const testing::Daemon& daemon, const testing::Ledger& ledger, const Log& log);

}  // namespace jobpool::fault
