// See result_files.hpp.
#include "daemon/broker/store/result_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <memory>
#include <optional>

namespace jobpool::broker {
namespace {

constexpr const char* kFolder = "results";

std::string name_of(JobId job) { return std::to_string(job.value); }
std::string path_of(JobId job) { return std::string(kFolder) + "/" + name_of(job); }

// Only what name_of() writes: "07" is not a file of ours.
std::optional<JobId> job_from(std::string_view name) {
  JobId job;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), job.value);
  if (error != std::errc{} || name_of(job) != name) return std::nullopt;
  return job;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

Result<ResultFiles> ResultFiles::open(int state_directory, Disk& disk) {
  if (::mkdirat(state_directory, kFolder, 0700) == 0) {
    if (auto synced = disk.sync_directory(state_directory); !synced) return synced.error();
  } else if (errno != EEXIST) {
    return disk_error(kFolder, errno);
  }
  UniqueFd directory{::openat(state_directory, kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  if (!directory) return disk_error(kFolder, errno);
  ResultFiles files(std::move(directory), disk);
  if (auto listed = files.list(); !listed) return listed.error();
  return files;
}

Result<void> ResultFiles::list() {
  UniqueFd copy{::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!copy) return disk_error(kFolder, errno);
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(copy.get()));
  if (!directory) return disk_error(kFolder, errno);
  copy.release();
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (const auto job = job_from(entry->d_name)) jobs_.insert(*job);
  }
  return errno == 0 ? Result<void>{} : Result<void>{disk_error(kFolder, errno)};
}

Result<void> ResultFiles::remove_strays(const std::function<bool(JobId)>& is_needed) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (is_needed(*job)) {
      ++job;
      continue;
    }
    if (auto removed = disk_->remove(directory_.get(), name_of(*job)); !removed) return removed;
    job = jobs_.erase(job);
  }
  return {};
}

Result<void> ResultFiles::write(JobId job, std::string_view result) {
  auto file = disk_->open(directory_.get(), name_of(job));
  if (!file) return file.error();
  jobs_.insert(job);
  written_.push_back(job);
  has_new_names_ = true;
  // A file without a row may be there, and be longer.
  if (auto emptied = disk_->truncate(file->get(), 0); !emptied) return emptied;
  if (auto written = disk_->write(file->get(), result, 0); !written)
    return Error{written.error().code, path_of(job) + ": " + written.error().text};
  return disk_->sync(file->get());
}

Result<void> ResultFiles::sync_names() {
  if (!has_new_names_) return {};
  if (auto synced = disk_->sync_directory(directory_.get()); !synced) return synced;
  has_new_names_ = false;
  return {};
}

void ResultFiles::remove_after_commit(JobId job) {
  if (jobs_.contains(job)) to_remove_.push_back(job);
}

void ResultFiles::on_commit() {
  remove(to_remove_);
  written_.clear();
}

void ResultFiles::on_rollback() {
  remove(written_);
  to_remove_.clear();
}

// What cannot be removed now is a file without a row, and goes with the next open.
void ResultFiles::remove(std::vector<JobId>& jobs) {
  for (const JobId job : jobs) {
    if (disk_->remove(directory_.get(), name_of(job))) jobs_.erase(job);
  }
  jobs.clear();
}

Result<std::string> ResultFiles::read(JobId job, std::size_t size) const {
  const UniqueFd file{::openat(directory_.get(), name_of(job).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file && errno != ENOENT) return disk_error(path_of(job), errno);
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0 || about.st_size != static_cast<off_t>(size))
    return Error{Errc::protocol, path_of(job) + ": missing or cut short; restore the state directory from a backup"};
  std::string result(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = ::pread(file.get(), result.data() + at, size - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return disk_error(path_of(job), got < 0 ? errno : EIO);
    at += static_cast<std::size_t>(got);
  }
  return result;
}

}  // namespace jobpool::broker
