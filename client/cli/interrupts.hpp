// SIGINT as a readable descriptor instead of the end of this process. Where it is ignored (nohup, background jobs of a script) it stays so:
// the kernel would queue a blocked one all the same.
#pragma once

#include "common/unique_fd.hpp"

namespace jobpool::cli {

// In this thread, and in all that it starts from now on: one that comes is kept for who reads it. False: it is ignored, and stays so.
bool block_interrupts();
// Blocks it. None (a negative number, which poll passes over) where it is ignored.
UniqueFd interrupt_signals();
// They end this process again.
void let_interrupts_end_us();

}  // namespace jobpool::cli
