// Varlink's framing: messages end in one NUL byte. Buffer and search; a read is not a message. No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::proto {

inline constexpr std::size_t kMaxMessageBytes = 24 * 1024 * 1024;  // one payload of 16 MiB, escaped, and its surroundings

class FrameDecoder {
 public:
  // Appends what was read. Errors: protocol: the unfinished message is longer than kMaxMessageBytes.
  Result<void> feed(std::string_view bytes);

  // The next whole message without its NUL; nullopt: none yet. Valid until the next call of feed() or next().
  std::optional<std::string_view> next();

  // Bytes of an unfinished message: > 0 at the end of input means that the peer went away in the middle of one.
  std::size_t pending() const;

  // How many messages were begun and ended so far: the index of the message to which the next byte belongs (descriptors ride with it).
  // A buffer that grew for a large message is given back once it is empty.
};

}  // namespace jobpool::proto
