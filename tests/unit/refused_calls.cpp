// In the place of the C library's. See refused_calls.hpp.
#include "tests/unit/refused_calls.hpp"

#include <dlfcn.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace jobpool::testing {
namespace {

std::array<std::atomic<int>, 2> refusals;  // by RefusedCall; 0: none

std::atomic<int>& refusal(RefusedCall call) { return refusals.at(static_cast<std::size_t>(call)); }

bool is_refused(RefusedCall call) {
  const int error = refusal(call);
  if (error != 0) errno = error;
  return error != 0;
}

}  // namespace

Refused::Refused(RefusedCall call, int error) : call_(call) { refusal(call) = error; }
Refused::~Refused() { refusal(call_) = 0; }

}  // namespace jobpool::testing

using jobpool::testing::RefusedCall;

extern "C" int close(int file) {
  static const auto real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "close"));
  const int result = real(file);
  return jobpool::testing::is_refused(RefusedCall::close) ? -1 : result;
}

extern "C" int fsetxattr(int file, const char* name, const void* value, size_t size, int flags) noexcept {
  static const auto real = reinterpret_cast<int (*)(int, const char*, const void*, size_t, int)>(::dlsym(RTLD_NEXT, "fsetxattr"));
  return jobpool::testing::is_refused(RefusedCall::set_attribute) ? -1 : real(file, name, value, size, flags);
}
