// Reserving ids in blocks.
#include "daemon/broker/store/id_reservation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace jobpool::broker {
namespace {

constexpr std::uint64_t kSmallestBlock = 1'024;
constexpr std::uint64_t kLargestBlock = 1'048'576;  // about four seconds of the highest rates

constexpr const char* kIdFile = "ids";
constexpr const char* kUnfinishedIdFile = "ids.new";

Result<std::string> content_of(int fd) {
  std::string bytes(kIdFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t count = ::pread(fd, bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return disk_error("read", errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<IdReservation> IdReservation::open(const std::string& state_dir, Disk& disk) {
  UniqueFd directory{::open(state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) return errno_error(state_dir);
  IdReservation ids{std::move(directory), disk, state_dir + "/" + kIdFile};
  ids.block_ = kSmallestBlock;
  ids.file_.reset(::openat(ids.directory_.get(), kIdFile, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!ids.file_ && errno != ENOENT) return errno_error(ids.path_);
  Result<void> ready;
  if (!ids.file_) {
    ready = ids.begin_with(1);
  } else if (const auto bytes = content_of(ids.file_.get()); !bytes) {
    ready = bytes.error();
  } else if (const auto text = decode_text(*bytes)) {
    ready = ids.begin_with(*text);
  } else {
    ready = ids.read(*bytes);
    // Whoever wrote it may have died before that was on the disk, or been told that it will never be: then another sync would write
    // nothing.
    if (ready) ready = ids.write(ids.newest_.number);
    if (ready) ready = disk.sync_directory(ids.directory_.get());
  }
  if (!ready) return ids.named(ready.error());
  return ids;
}

// A new file, made durable, then renamed: whoever dies when, there is the old number or the new file. The only write that needs room.
Result<void> IdReservation::begin_with(std::uint64_t number) {
  auto file = disk_->open(directory_.get(), kUnfinishedIdFile);
  if (!file) return file.error();
  std::string bytes(kIdFileBytes, '\0');
  for (const std::uint64_t counter : {1, 2}) {
    newest_ = {counter, number};
    bytes.replace(offset_of_slot(counter), kIdSlotBytes, encode(newest_));
  }
  if (auto emptied = disk_->truncate(file->get(), 0); !emptied) return emptied;
  if (auto written = disk_->write(file->get(), bytes, 0); !written) return written;
  if (auto synced = disk_->sync(file->get()); !synced) return synced;
  if (auto renamed = disk_->rename(directory_.get(), kUnfinishedIdFile, kIdFile); !renamed) return renamed;
  file_ = std::move(*file);
  return disk_->sync_directory(directory_.get());
}

Result<void> IdReservation::read(std::string_view bytes) {
  const auto slot_at = [&](std::size_t offset) { return decode_slot(bytes.substr(std::min(offset, bytes.size()))); };
  const auto first = slot_at(0), second = slot_at(kIdSlotDistance);
  if (bytes.size() != kIdFileBytes || (!first && !second)) {
    return Error{
        Errc::protocol,
        "damaged; restore it from a backup, or write a number above every id ever given out into it, as text in a line of its own"};
  }
  if (first && second) {
    newest_ = first->counter > second->counter ? *first : *second;
    return {};
  }
  // A torn write was never told as done, but a slot that rotted may have been the newer one, by a block at most: skip that.
  newest_ = first ? *first : *second;
  return write(newest_.number + kLargestBlock);
}

Result<void> IdReservation::ensure(JobId next) {
  if (next.value + block_ / 4 < newest_.number) return {};
  if (auto written = write(std::max(newest_.number, next.value) + block_); !written) return named(written.error());
  block_ = std::min(block_ * 2, kLargestBlock);
  return {};
}

Result<void> IdReservation::give_back(JobId next) {
  if (next.value >= newest_.number) return {};
  auto written = write(next.value);
  return written ? written : Result<void>{named(written.error())};
}

Result<void> IdReservation::write(std::uint64_t number) {
  const IdSlot slot{newest_.counter + 1, number};
  if (auto written = disk_->write(file_.get(), encode(slot), static_cast<off_t>(offset_of_slot(slot.counter))); !written) return written;
  if (auto synced = disk_->sync(file_.get()); !synced) return synced;
  newest_ = slot;
  return {};
}

}  // namespace jobpool::broker
