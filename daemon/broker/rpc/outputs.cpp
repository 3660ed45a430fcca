// Output files of commands.
#include "daemon/broker/rpc/outputs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace jobpool::broker {
namespace {

std::string file_name(JobId job, std::uint32_t attempt, Stream stream) {
  return std::to_string(job.value) + "." + std::to_string(attempt) + (stream == Stream::standard_output ? ".out" : ".err");
}

// Of a name that file_name() makes.
std::optional<JobId> job_of_file(std::string_view name) {
  JobId job;
  std::uint32_t attempt = 0;
  const char* end = name.data() + name.size();
  const auto id = std::from_chars(name.data(), end, job.value);
  if (id.ec != std::errc{} || id.ptr == end || *id.ptr != '.') return std::nullopt;
  if (std::from_chars(id.ptr + 1, end, attempt).ec != std::errc{}) return std::nullopt;
  const bool whole = name == file_name(job, attempt, Stream::standard_output) || name == file_name(job, attempt, Stream::standard_error);
  return whole ? std::optional{job} : std::nullopt;
}

}  // namespace

Result<UniqueFd> Outputs::open(JobId job, std::uint32_t attempt, Stream stream) const {
  const std::string name = file_name(job, attempt, stream);
  UniqueFd file{::openat(directory_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) return errno_error("output file " + name);
  return file;
}

proto::Output Outputs::read(JobId job, std::uint32_t attempt, Stream stream) const {
  proto::Output output;
  const auto file = open(job, attempt, stream);
  if (!file) return output;
  struct stat info {};
  if (::fstat(file->get(), &info) != 0) return output;
  output.truncated = static_cast<std::uint64_t>(info.st_size) > proto::kMaxOutputInReply;
  output.bytes.resize(std::min<std::size_t>(static_cast<std::size_t>(info.st_size), proto::kMaxOutputInReply));
  std::size_t have = 0;
  while (have < output.bytes.size()) {
    const ssize_t got = ::pread(file->get(), output.bytes.data() + have, output.bytes.size() - have, static_cast<off_t>(have));
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  output.bytes.resize(have);
  return output;
}

void Outputs::remove(JobId job, std::uint32_t last_attempt) const {
  for (std::uint32_t attempt = 1; attempt <= last_attempt; ++attempt)
    for (const Stream stream : {Stream::standard_output, Stream::standard_error})
      ::unlinkat(directory_.get(), file_name(job, attempt, stream).c_str(), 0);
}

Result<void> Outputs::remove_strays(function_ref<bool(JobId)> is_known) const {
  const int listed = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listed < 0) return errno_error("output directory");
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(listed), &::closedir);
  if (!list) return errno_error("output directory");
  while (const dirent* entry = ::readdir(list.get())) {
    const auto job = job_of_file(entry->d_name);
    if (job && !is_known(*job)) ::unlinkat(directory_.get(), entry->d_name, 0);
  }
  return {};
}

}  // namespace jobpool::broker
