// Gives one message to every reader of proto/ and checks what must hold whatever it says. Shared by the mutation test and the fuzzer.
#pragma once

#include <string>
#include <string_view>

namespace jobpool::proto {

// A complaint; "": all is well.
std::string exercise(std::string_view message);

}  // namespace jobpool::proto
