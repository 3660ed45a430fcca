// The names that a copy gives to what is not finished. Used by the client, which makes and clears them, and by the worker.
#pragma once

#include <string_view>

namespace jobpool::copy {

// A file that is still being written: this, then the run's token and a number. It is locked (flock) by who writes it; one without a lock
// was left by a copy that was killed, and may be removed.
inline constexpr std::string_view kTemporaryPrefix = ".jobpool-copy-";

// In the target's root from the first file to the last: what is in the target is part of a copy that can be gone on with.
inline constexpr std::string_view kUnfinishedName = ".jobpool-copy-unfinished";

}  // namespace jobpool::copy
