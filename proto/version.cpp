// CMake's project version, made known to this file alone so that a new version recompiles nothing else.
#include "proto/version.hpp"

namespace jobpool {

std::string_view version() { return JOBPOOL_VERSION; }

}  // namespace jobpool
