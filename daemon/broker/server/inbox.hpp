// What one socket said: bytes become messages, and descriptors go to the message they came with. Used by Session; knows no Asio.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"
#include "proto/frame.hpp"

namespace jobpool::broker {

class Inbox {
 public:
  enum class Read { bytes, nothing, end_of_input, peer_gone, violation };
  // One recvmsg, by way of `buffer` where the message that is under way is not large.
  // Descriptors belong to the last message that began in what they came with: a reader is handed earlier sends glued before theirs, and
  // nothing of later ones. A sender puts such a message at the end of a send. Those that come elsewhere are closed, and so are all of a
  // message one of whose has this number or a higher one: Limits::end_of_passed_fds; or for which this process has no number left.
  Read read(int socket, std::span<std::byte> buffer, int end_of_fds = std::numeric_limits<int>::max());

  struct Message {
    std::string_view text;        // without its NUL; valid until the next call of read() or next()
    const proto::LongRuns* runs;  // of it, null where none are known; likewise
    std::vector<UniqueFd> fds;
    bool lost_fds = false;  // there was no room for them
  };
  std::optional<Message> next();

  std::size_t buffered() const { return buffered_; }  // bytes read and not yet handed out
  bool empty() const { return buffered_ == 0; }

  void reset();

 private:
  void keep_fds(std::string_view chunk, std::vector<UniqueFd> fds, int end_of_fds);

  struct Riders {
    std::uint64_t message;
    std::vector<UniqueFd> fds;  // none: there was no room for them
  };

  proto::FrameDecoder decoder_;
  std::size_t buffered_ = 0;
  std::uint64_t taken_ = 0;     // messages handed out, counted as the decoder counts them
  std::vector<Riders> riders_;  // ascending; usually none
};

}  // namespace jobpool::broker
