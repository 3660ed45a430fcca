// See large_arguments.hpp.
#include "daemon/broker/rpc/large_arguments.hpp"

#include <utility>

#include "common/job/spec.hpp"

namespace jobpool::broker {

char* LargeArguments::make(const proto::Submission& job, std::size_t most) {
  head_bytes_ = function_head_bytes(*job.function, job.pool);
  room_ = SharedText::Room(head_bytes_ + most);
  return room_.data() + head_bytes_;
}

void LargeArguments::on_more(std::string_view arguments) {
  const std::string_view more = whole_steps(arguments.substr(hashed_));
  hash_.add(more);
  hashed_ += more.size();
}

SharedText LargeArguments::payload(proto::Submission& job) && {
  const std::size_t size = job.large_arguments.size();
  write_function_head(room_.data(), *job.function, job.pool, size, FunctionShape::call);
  SharedText payload = std::move(room_).first(head_bytes_ + size);
  job.large_arguments = std::string_view{payload}.substr(head_bytes_);
  return payload;
}

std::uint64_t LargeArguments::fingerprint_of(const proto::Submission& job) const {
  // Many escapes: they are not large any more.
  return has_large_arguments(job) ? fingerprint(job, hash_.value(job.large_arguments.substr(hashed_))) : hash_of(job);
}

}  // namespace jobpool::broker
