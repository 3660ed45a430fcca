// Opening and clearing away a command's streams; see the header.
#include "daemon/worker/command/streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace jobpool::worker {
namespace {

std::size_t count_passed(const CommandSpec& spec) {
  return std::size_t{spec.passes_stdin} + std::size_t{spec.passes_stdout} + std::size_t{spec.passes_stderr};
}

// The child puts its streams at 0, 1 and 2 one after the other: none of ours may be one of those.
Result<UniqueFd> above_streams(UniqueFd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved) return errno_error("moving a stream's descriptor");
  return moved;
}

// tee() takes nothing out of it, and tells "empty, for ever" (0) from "empty as yet" (EAGAIN).
bool is_fifo_without_writer(const UniqueFd& fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) return false;
  int copy[2];
  if (::pipe2(copy, O_CLOEXEC) != 0) return false;
  const UniqueFd reading(copy[0]), writing(copy[1]);
  return ::tee(fd.get(), writing.get(), 1, SPLICE_F_NONBLOCK) == 0;
}

}  // namespace

Result<Streams> Streams::open(const CommandSpec& spec, const Attempt& attempt, int output_dir, SpareFiles& spares,
                              std::vector<UniqueFd> passed) {
  if (passed.size() != count_passed(spec))
    return Error{Errc::protocol, std::to_string(count_passed(spec)) + " descriptors were announced for the job's streams, " +
                                     std::to_string(passed.size()) + " came"};
  Streams streams(output_dir, spares);
  const std::array<bool, 3> is_passed{spec.passes_stdin, spec.passes_stdout, spec.passes_stderr};
  auto next = passed.begin();
  for (std::size_t stream = 0; stream < is_passed.size(); ++stream)
    if (is_passed[stream]) streams.fds_[stream] = std::move(*next++);
  if (!is_passed[0])
    if (auto opened = streams.open_input(spec); !opened) return opened.error();
  if (!is_passed[1])
    if (auto opened = streams.open_output(1, attempt, "out"); !opened) return opened.error();
  if (!is_passed[2])
    if (auto opened = streams.open_output(2, attempt, "err"); !opened) return opened.error();
  for (UniqueFd& fd : streams.fds_) {
    Result<UniqueFd> moved = above_streams(std::move(fd));
    if (!moved) return moved.error();
    fd = std::move(*moved);
  }
  return streams;
}

Streams::~Streams() {
  for (std::size_t stream = 0; stream < fds_.size(); ++stream) {
    struct stat status {};
    if (file_names_[stream].empty() || ::fstat(fds_[stream].get(), &status) != 0 || status.st_size != 0) continue;
    spares_->keep(std::move(file_names_[stream]), status);
  }
}

void Streams::close_passed() {
  for (std::size_t stream = 0; stream < fds_.size(); ++stream)
    if (file_names_[stream].empty()) fds_[stream].reset();
}

bool Streams::keeps_output() const { return !file_names_[1].empty() || !file_names_[2].empty(); }

OutputUse Streams::output_use() const {
  OutputUse use{0, UINT64_MAX};
  for (std::size_t stream = 0; stream < fds_.size(); ++stream) {
    struct stat status {};
    if (!file_names_[stream].empty() && ::fstat(fds_[stream].get(), &status) == 0)
      use.written += static_cast<std::uint64_t>(status.st_size);
  }
  struct statvfs disk {};
  if (::fstatvfs(output_dir_, &disk) == 0) use.free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  return use;
}

Result<void> Streams::open_input(const CommandSpec& spec) {
  std::string path = spec.stdin_file.empty() ? "/dev/null" : spec.stdin_file;
  if (!path.starts_with('/')) path.insert(0, (spec.cwd.empty() ? "" : spec.cwd) + "/");
  // Non-blocking, so that a FIFO without a writer cannot hold the worker where no stop order reaches it; the job gets it blocking.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return errno_error("stdin file '" + path + "'");
  if (is_fifo_without_writer(fd))
    return Error{Errc::closed,
                 "stdin file '" + path + "': a FIFO that nobody writes to, which would read as empty; open it for writing before"};
  if (::fcntl(fd.get(), F_SETFL, 0) != 0) return errno_error("stdin file '" + path + "'");
  fds_[0] = std::move(fd);
  return {};
}

Result<void> Streams::open_output(std::size_t stream, const Attempt& attempt, const char* suffix) {
  std::string name = std::to_string(attempt.job.value) + "." + std::to_string(attempt.number) + "." + suffix;
  constexpr int kFlags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_APPEND | O_NOCTTY;
  fds_[stream] = spares_->take(name, kFlags);
  if (!fds_[stream]) fds_[stream].reset(::openat(output_dir_, name.c_str(), kFlags | O_CREAT | O_EXCL, kOutputMode));
  if (!fds_[stream]) return errno_error("output file '" + name + "' in the daemon's output directory");
  file_names_[stream] = std::move(name);
  return {};
}

}  // namespace jobpool::worker
