// See failing_programs.hpp.
#include "tests/fault/failing_programs.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/catch.hpp"

namespace jobpool::fault {

using namespace testing;

FailingPrograms::FailingPrograms() {
  const std::string path = folder_.file("page");
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::ftruncate(file.get(), sizeof *page_) == 0);
  void* mapped = ::mmap(nullptr, sizeof *page_, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  REQUIRE(mapped != MAP_FAILED);
  page_ = static_cast<failing_calls*>(mapped);

  std::filesystem::create_symlink(program("jobpool-broker"), folder_.file("jobpool-broker"));
  // Workers are given a few variables only: theirs are put back on the way.
  const std::string worker = folder_.file("jobpool-worker");
  std::ofstream(worker) << "#!/bin/sh\nLD_PRELOAD=" << FAILING_CALLS_LIBRARY << " JOBPOOL_FAILING_CALLS=" << path << " exec "
                        << program("jobpool-worker") << " \"$@\"\n";
  std::filesystem::permissions(worker, std::filesystem::perms::owner_all);
}

FailingPrograms::~FailingPrograms() { ::munmap(page_, sizeof *page_); }

DaemonOptions FailingPrograms::options() const {
  DaemonOptions options;
  options.arguments = {"--program-dir", folder_.path()};
  options.environment = {std::string("LD_PRELOAD=") + FAILING_CALLS_LIBRARY, "JOBPOOL_FAILING_CALLS=" + folder_.file("page"),
                         "JOBPOOLD_SPARE_WORKERS=0"};  // whose calls would be counted among the worker's
  return options;
}

void FailingPrograms::arm(failing_program program, failing_fault fault, std::int64_t nth) {
  __atomic_store_n(&page_->seen, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&page_->wanted, nth, __ATOMIC_RELEASE);
  __atomic_store_n(&page_->program, program, __ATOMIC_RELEASE);
  __atomic_store_n(&page_->fault, fault, __ATOMIC_RELEASE);
}

std::int64_t FailingPrograms::disarm() {
  __atomic_store_n(&page_->fault, NO_FAULT, __ATOMIC_RELEASE);
  return __atomic_load_n(&page_->seen, __ATOMIC_ACQUIRE);
}

}  // namespace jobpool::fault
