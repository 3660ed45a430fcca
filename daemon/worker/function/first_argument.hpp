// Finds the first element of a JSON array in its text, without parsing it into a tree: a result of 16 MiB is found at memory speed.
// Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace jobpool::worker {

// The element's text without the space around it; empty: the array has none. nullopt: not an array, or brackets and quotes do not match.
// Does not judge what lies between them: `[1 2]` gives "1 2".
std::optional<std::string_view> first_argument(std::string_view array);

}  // namespace jobpool::worker
