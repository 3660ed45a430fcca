// A plugin whose worker ends as soon as it is loaded, and says that all is well.
#include <cstdlib>

namespace {

struct Leaving {
  Leaving() { std::exit(EXIT_SUCCESS); }
} leaving;

}  // namespace
