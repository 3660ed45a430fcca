// See ballast.hpp.
#include "daemon/broker/store/ballast.hpp"

namespace jobpool::broker {

Result<Ballast> Ballast::open(int state_directory, Disk& disk, off_t size) {
  auto file = disk.open(state_directory, "ballast");
  if (!file) return file.error();
  return Ballast(std::move(*file), disk, size);
}

Result<void> Ballast::make() {
  auto made = disk_->allocate(file_.get(), size_);
  if (made) return made;
  if (auto released = release(); !released) return released;
  return made;
}

Result<void> Ballast::release() { return disk_->truncate(file_.get(), 0); }

}  // namespace jobpool::broker
