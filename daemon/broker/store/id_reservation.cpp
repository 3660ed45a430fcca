// Reserving ids in blocks.
#include "daemon/broker/store/id_reservation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/unique_fd.hpp"

namespace jobpool::broker {
namespace {

constexpr std::uint64_t kSmallestBlock = 1'024;
constexpr std::uint64_t kLargestBlock = 1'048'576;  // about four seconds of the highest rates

}  // namespace

Result<IdReservation> IdReservation::open(const std::string& state_dir) {
  IdReservation ids{state_dir + "/ids"};
  ids.block_ = kSmallestBlock;
  UniqueFd file{::open(ids.path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file && errno == ENOENT) return ids;
  if (!file) return errno_error(ids.path_);
  char text[32];
  const ssize_t size = ::read(file.get(), text, sizeof text);
  if (size < 0) return errno_error(ids.path_);
  const auto [end, error] = std::from_chars(text, text + size, ids.reserved_);
  if (error != std::errc{} || end + 1 != text + size || *end != '\n' || ids.reserved_ == 0)
    return Error{Errc::protocol,
                 ids.path_ + ": not a job id; restore it from a backup, or write a number above every id ever given out into it"};
  return ids;
}

Result<void> IdReservation::ensure(JobId next) {
  if (next.value + block_ / 4 < reserved_) return {};
  const std::uint64_t wanted = std::max(reserved_, next.value) + block_;
  if (auto written = write(wanted); !written) return written;
  block_ = std::min(block_ * 2, kLargestBlock);
  return {};
}

Result<void> IdReservation::give_back(JobId next) { return next.value < reserved_ ? write(next.value) : Result<void>{}; }

// A new file, made durable, then renamed over the old one: whoever dies when, the file holds one whole number.
Result<void> IdReservation::write(std::uint64_t reserved) {
  const std::string fresh = path_ + ".new";
  UniqueFd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return errno_error(fresh);
  const std::string text = std::to_string(reserved) + "\n";
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return errno_error(fresh);
  if (::fdatasync(file.get()) != 0) return errno_error(fresh);
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return errno_error(path_);
  UniqueFd directory{::open(path_.substr(0, path_.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory || ::fsync(directory.get()) != 0) return errno_error(path_ + ": directory");
  reserved_ = reserved;
  return {};
}

}  // namespace jobpool::broker
