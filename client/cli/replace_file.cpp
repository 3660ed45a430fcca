// See replace_file.hpp.
#include "client/cli/replace_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "client/cli/own_umask.hpp"
#include "client/cli/tell.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {
namespace {

// While it lives, what would end the process waits: a death in between would leave the file beside it for ever.
class EndingSignalsWait {
 public:
  EndingSignalsWait() {
    sigset_t ending;
    ::sigemptyset(&ending);
    ::sigaddset(&ending, SIGINT);
    ::sigaddset(&ending, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~EndingSignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndingSignalsWait(const EndingSignalsWait&) = delete;
  EndingSignalsWait& operator=(const EndingSignalsWait&) = delete;

 private:
  sigset_t before_;
};

Error not_replaced(const std::string& path, const char* why) {
  return Error{Errc::invalid_argument, path + " " + why + ", and is not replaced: name a regular file, or write to stdout"};
}

// Of /dev/stdout, say: it leads to what somebody has open, who would go on with the old file. Where the kernel cannot be asked (before 5.6,
// or in a sandbox), it is taken for a link like others.
bool leads_to_open_file(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const UniqueFd file{static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how))};
  return !file && errno == ELOOP;
}

// Where the new file's place is. A rename puts away whatever stands there: /dev/null, for all processes of the host, if root does it.
Result<std::string> place_of(const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return errno == ENOENT ? Result<std::string>{path} : errno_error(path);
  if (S_ISREG(about.st_mode)) return path;
  if (!S_ISLNK(about.st_mode)) return not_replaced(path, "is no regular file");
  if (::stat(path.c_str(), &about) != 0) return not_replaced(path, "is a link that leads nowhere");
  if (!S_ISREG(about.st_mode)) return not_replaced(path, "leads to something that is no regular file");
  if (leads_to_open_file(path)) return not_replaced(path, "leads to an open file");
  const std::unique_ptr<char, void (*)(void*)> target(::realpath(path.c_str(), nullptr), &::free);
  if (target == nullptr) return errno_error(path);
  return std::string{target.get()};
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view contents) {
  const Result<std::string> place = place_of(path);
  if (!place) return place.error();
  const EndingSignalsWait waiting;
  // Its name begins with a dot and does not end as the other: collectors take `*.prom`.
  const std::size_t slash = place->rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  std::string other = place->substr(0, name) + "." + place->substr(name) + ".XXXXXX";
  const UniqueFd file{::mkostemp(other.data(), O_CLOEXEC)};
  if (!file) return errno_error("make a file beside " + *place);
  const auto undo = [&other](Error error) {
    ::unlink(other.c_str());
    return error;
  };
  if (::fchmod(file.get(), 0666 & ~own_umask()) != 0) return undo(errno_error(other));
  if (auto written = write_all(file.get(), contents); !written)
    return undo(Error{written.error().code, path + ": " + written.error().text});
  if (::rename(other.c_str(), place->c_str()) != 0) return undo(errno_error(path));
  return {};
}

}  // namespace jobpool::cli
