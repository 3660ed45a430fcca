// See queue_log.hpp.
#include "daemon/broker/store/queue_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "daemon/broker/store/disk.hpp"
#include "daemon/broker/store/queue_log_format.hpp"

namespace jobpool::broker {
namespace {

constexpr const char* kQueueLogName = "queues.log";
constexpr const char* kUnfinishedQueueLog = "queues.log.new";
constexpr const char* kDamagedQueueLog = "queues.log.damaged";
constexpr std::size_t kRewriteBytes = std::size_t{1} << 20;  // written at a time

Result<void> write_whole(int file, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    // A file that may not grow is as good as a disk that has no room.
    if (written <= 0) return disk_error(kQueueLogName, written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<std::string> read_whole(int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return disk_error(kQueueLogName, errno);
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t has = 0;
  while (has < bytes.size()) {
    const ssize_t got = ::pread(file, bytes.data() + has, bytes.size() - has, static_cast<off_t>(has));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error(kQueueLogName, errno);
    if (got == 0) break;
    has += static_cast<std::size_t>(got);
  }
  bytes.resize(has);
  return bytes;
}

std::uint64_t bytes_of(const std::vector<StoredQueue>& queues) {
  std::uint64_t bytes = 0;
  const auto add = [&](const std::vector<QueueItem>& items) {
    for (const QueueItem& item : items) bytes += item.text.size();
  };
  for (const StoredQueue& queue : queues) {
    add(queue.items);
    for (const StoredQueue::Taken& taken : queue.taken) add(taken.items);
  }
  return bytes;
}

}  // namespace

Result<QueueLog> QueueLog::open(const std::string& state_dir, std::uint64_t instance) {
  UniqueFd directory{::open(state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) return disk_error(state_dir, errno);
  UniqueFd file{::openat(directory.get(), kQueueLogName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return disk_error(kQueueLogName, errno);
  ::unlinkat(directory.get(), kUnfinishedQueueLog, 0);  // of a broker that died while it wrote it
  return QueueLog(std::move(directory), std::move(file), instance);
}

Result<QueueLog::Found> QueueLog::read() {
  Found found;
  const auto bytes = read_whole(file_.get());
  if (!bytes) return bytes.error();
  const ReadQueueLog read = read_queue_log(*bytes, instance_);
  if (read.how == ReadQueueLog::How::whole) {
    found.queues = read.queues.all();
    size_ = read.used_bytes;
    rewrite_at_ = std::max(kSmall, 2 * bytes_of(found.queues));
    if (auto whole = cut_off_rest(); !whole) return whole.error();
    return found;
  }
  if (read.how == ReadQueueLog::How::damaged) {
    found.damage = std::string(kQueueLogName) + ": damaged after " + std::to_string(read.used_bytes) + " bytes";
    if (::renameat(directory_.get(), kQueueLogName, directory_.get(), kDamagedQueueLog) != 0) return disk_error(kDamagedQueueLog, errno);
    file_ = UniqueFd{::openat(directory_.get(), kQueueLogName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file_) return disk_error(kQueueLogName, errno);
  }
  if (auto begun = begin_anew(); !begun) return begun.error();
  return found;
}

Result<void> QueueLog::begin_anew() {
  size_ = 0;
  if (auto whole = cut_off_rest(); !whole) return whole;
  std::string header;
  append_queue_log_header(header, instance_);
  auto written = write_at_end(header);
  if (written || written.error().code != Errc::full) return written;
  waiting_ = std::move(header);  // a full disk keeps nobody from starting
  return {};
}

// What is behind the last whole record must not be taken for the next one.
Result<void> QueueLog::cut_off_rest() {
  is_torn_ = ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0;
  return is_torn_ ? Result<void>{disk_error(kQueueLogName, errno)} : Result<void>{};
}

Result<void> QueueLog::write_at_end(std::string_view bytes) {
  if (is_torn_)
    if (auto whole = cut_off_rest(); !whole) return whole;
  if (auto written = write_whole(file_.get(), bytes, size_); !written) {
    is_torn_ = true;
    static_cast<void>(cut_off_rest());  // else before the next record
    return written;
  }
  size_ += bytes.size();
  return {};
}

Result<void> QueueLog::append(const QueueWrite& write) {
  if (is_behind_) return Error{Errc::full, std::string(kQueueLogName) + ": behind what has happened, for want of room"};
  if (!waiting_.empty()) {  // in order, or not at all
    if (auto written = write_at_end(waiting_); !written) return written;
    waiting_.clear();
  }
  buffer_.clear();
  append_queue_record(buffer_, write);
  auto written = write_at_end(buffer_);
  if (buffer_.capacity() > kRewriteBytes) std::string().swap(buffer_);
  return written;
}

Result<void> QueueLog::append_later(const QueueWrite& write) {
  auto written = append(write);
  if (written || is_behind_) return written;
  append_queue_record(waiting_, write);
  if (waiting_.size() > kMostWaiting) {
    is_behind_ = true;
    std::string().swap(waiting_);
  }
  return written;
}

Result<void> QueueLog::rewrite(const std::vector<StoredQueue>& queues) {
  UniqueFd file{::openat(directory_.get(), kUnfinishedQueueLog, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return disk_error(kUnfinishedQueueLog, errno);
  std::string bytes;
  std::uint64_t size = 0;
  Result<void> written;
  const auto flush = [&] {
    written = write_whole(file.get(), bytes, size);
    size += bytes.size();
    bytes.clear();
  };
  append_queue_log_header(bytes, instance_);
  for (auto queue = queues.begin(); queue != queues.end() && written; ++queue) {
    for (const QueueWrite& record : records_of(*queue)) {
      append_queue_record(bytes, record);
      if (bytes.size() >= kRewriteBytes) flush();
      if (!written) break;  // nothing makes up for that, also where there is room again
    }
  }
  if (written) flush();
  if (written && ::renameat(directory_.get(), kUnfinishedQueueLog, directory_.get(), kQueueLogName) != 0)
    written = disk_error(kQueueLogName, errno);
  if (!written) {
    ::unlinkat(directory_.get(), kUnfinishedQueueLog, 0);
    return written;
  }
  file_ = std::move(file);
  size_ = size;
  rewrite_at_ = std::max(kSmall, 2 * size);
  is_torn_ = is_behind_ = false;
  waiting_.clear();
  return {};
}

}  // namespace jobpool::broker
