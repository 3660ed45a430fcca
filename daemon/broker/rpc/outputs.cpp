// Output files of commands.
#include "daemon/broker/rpc/outputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace jobpool::broker {
namespace {

std::string file_name(JobId job, std::uint32_t attempt, Stream stream) {
  return std::to_string(job.value) + "." + std::to_string(attempt) + (stream == Stream::standard_output ? ".out" : ".err");
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

void Outputs::remove(JobId job, std::uint32_t attempt) const {
  for (const Stream stream : {Stream::standard_output, Stream::standard_error})
    ::unlinkat(directory_.get(), file_name(job, attempt, stream).c_str(), 0);
}

}  // namespace jobpool::broker
