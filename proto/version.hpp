// The version of this build, as the protocol and `--version` tell it.
#pragma once

#include <string_view>

namespace jobpool {

std::string_view version();  // "0.1.0"

}  // namespace jobpool
