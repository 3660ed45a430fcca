// Holds our JSON reader against nlohmann's with one text: the same texts are JSON, and they have the same values.
// Shared by the mutation test and the fuzzers.
#pragma once

#include <string>
#include <string_view>

namespace jobpool::proto {

// A complaint; "": all is well.
std::string compare_json(std::string_view text);

}  // namespace jobpool::proto
