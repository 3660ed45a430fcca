// memfd, close-on-exec flags, execve.
#include "daemon/supervisor/reexec.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor/exec_pointers.hpp"
#include "daemon/supervisor/files.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::string_view kOption = "--resume-fd";
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr off_t kMaxResumeRecordBytes = 64 * 1024 * 1024;  // the largest house's is 1 MiB

enum class AtExec { closed, kept };

bool set(int fd, AtExec wanted) { return ::fcntl(fd, F_SETFD, wanted == AtExec::closed ? FD_CLOEXEC : 0) == 0; }

}  // namespace

Result<UniqueFd> write_resume_file(const ResumeRecord& record) {
  UniqueFd file(::memfd_create("jobpool-resume", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return errno_error("resume record: memfd_create");
  auto written = write_all(file.get(), to_text(record));
  if (!written) return Error{written.error().code, "resume record: " + written.error().text};
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return errno_error("resume record: sealing it");
  return file;
}

Result<ResumeRecord> read_resume_file(const UniqueFd& file) {
  const int fd = file.get();
  if (::fcntl(fd, F_GET_SEALS) != kSeals) return Error{Errc::protocol, "--resume-fd: not what a running jobpoold passes on"};
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("resume record");
  if (status.st_size > kMaxResumeRecordBytes) return Error{Errc::protocol, "resume record: too large"};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  // From its beginning, wherever the trial run has left the offset.
  if (::pread(fd, text.data(), text.size(), 0) != status.st_size) return errno_error("resume record: reading it");
  return resume_record_from(text);
}

std::vector<std::string> resume_arguments(std::vector<std::string> arguments, int fd) {
  if (arguments.size() >= 2 && arguments.front() == kOption) arguments.erase(arguments.begin(), arguments.begin() + 2);
  arguments.insert(arguments.begin(), {std::string(kOption), std::to_string(fd)});
  return arguments;
}

Error become(const std::string& program, std::vector<std::string> arguments, const ResumeRecord& record, const UniqueFd& file) {
  arguments = resume_arguments(std::move(arguments), file.get());
  arguments.insert(arguments.begin(), program);
  std::vector<int> passed = descriptors_of(record);
  passed.push_back(file.get());
  // Nobody else starts a program meanwhile: the spawner works only while this thread waits for it.
  for (const int fd : passed) set(fd, AtExec::kept);
  ::execv(program.c_str(), exec_pointers(arguments).data());
  Error failure = errno_error(program);
  for (const int fd : passed) set(fd, AtExec::closed);
  return failure;
}

Result<void> take_over_descriptors(const ResumeRecord& record) {
  for (const int fd : descriptors_of(record))
    if (fd <= STDERR_FILENO || !set(fd, AtExec::closed))
      return Error{Errc::protocol, "resume record: descriptor " + std::to_string(fd) + " is not there"};
  return {};
}

}  // namespace jobpool::supervisor
