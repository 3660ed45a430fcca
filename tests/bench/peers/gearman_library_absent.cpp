// See gearman_library.hpp: what is built where libgearman-dev is not installed.
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/gearman_library.hpp"

namespace jobpool::bench {

std::unique_ptr<GearmanLibrary> GearmanLibrary::start(const std::string&, Gearmand::Queue, int) {
  print_note("gearmand's own library was not built in: libgearman-dev was not installed; rows 1, 3 and 4 are not held to gearmand");
  return nullptr;
}

}  // namespace jobpool::bench
