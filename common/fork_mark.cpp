// MADV_WIPEONFORK; see the header.
#include "common/fork_mark.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace jobpool {
namespace {

constexpr std::size_t kPageBytes = 4096;  // mmap rounds it up

}  // namespace

ForkMark::ForkMark() : pid_(::getpid()) {
  void* page = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (::madvise(page, kPageBytes, MADV_WIPEONFORK) != 0) {
    ::munmap(page, kPageBytes);
    return;
  }
  page_ = static_cast<volatile char*>(page);
  *page_ = 1;
}

ForkMark::~ForkMark() {
  if (page_ != nullptr) ::munmap(const_cast<char*>(page_), kPageBytes);
}

bool ForkMark::is_of_this_process() const { return page_ != nullptr ? *page_ == 1 : ::getpid() == pid_; }

}  // namespace jobpool
