// Large arguments on their way from a message into the job's payload, once through memory: unescaped to where they belong there, and hashed
// while they are in the processor's cache for that. Private to this folder.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/shared_text.hpp"
#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/large_hash.hpp"
#include "proto/large_call.hpp"

namespace jobpool::broker {

class LargeArguments final : public proto::ArgumentsRoom {
 public:
  LargeArguments() : ArgumentsRoom(kLargeArguments) {}

  char* make(const proto::Submission& job, std::size_t most) override;
  void on_more(std::string_view arguments) override;

  // Both Require: `job` was read with it, and has large_arguments, which are in the payload from then on.
  SharedText payload(proto::Submission& job) &&;
  std::uint64_t fingerprint_of(const proto::Submission& job) const;

 private:
  SharedText::Room room_{0};
  std::size_t head_bytes_ = 0;  // of the payload, before them
  LargeHash hash_;
  std::size_t hashed_ = 0;  // of them, from the first
};

}  // namespace jobpool::broker
