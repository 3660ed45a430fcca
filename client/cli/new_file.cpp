// See new_file.hpp.
#include "client/cli/new_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cli/tell.hpp"
#include "client/lib/submission.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

Result<void> replace_file(const std::string& path, std::string_view contents) {
  // Its name begins with a dot and does not end as the other: collectors take `*.prom`.
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  std::string other = path.substr(0, name) + "." + path.substr(name) + ".XXXXXX";
  const UniqueFd file{::mkostemp(other.data(), O_CLOEXEC)};
  if (!file) return errno_error("make a file beside " + path);
  const auto undo = [&other](Error error) {
    ::unlink(other.c_str());
    return error;
  };
  if (::fchmod(file.get(), 0666 & ~client::current_umask()) != 0) return undo(errno_error(other));
  if (auto written = write_all(file.get(), contents); !written)
    return undo(Error{written.error().code, path + ": " + written.error().text});
  if (::rename(other.c_str(), path.c_str()) != 0) return undo(errno_error(path));
  return {};
}

}  // namespace jobpool::cli
