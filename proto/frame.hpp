// Varlink's framing: messages end in one NUL byte. Buffer and search; a read is not a message. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "common/byte_buffer.hpp"
#include "common/result.hpp"
#include "proto/long_runs.hpp"

namespace jobpool::proto {

inline constexpr std::size_t kMaxMessageBytes = 24 * 1024 * 1024;  // one payload of 16 MiB, escaped, and its surroundings

class FrameDecoder {
 public:
  // Appends what was read. Errors: protocol: a message is longer than kMaxMessageBytes; the connection is of no more use, and
  // nothing may be fed any more (whole messages that came before can still be taken).
  Result<void> feed(std::string_view bytes);

  // While a large message is under way: where more of it may be read to, instead of being fed; empty otherwise. Valid until the next call
  // of any other function; what was written there counts with fed().
  std::span<char> room();
  // So many bytes were written to room(). Errors: as feed().
  Result<void> fed(std::size_t size);

  // The next whole message without its NUL; nullopt: none yet. Valid until the next call of feed(), room() or next().
  std::optional<std::string_view> next();

  // Of the message that was taken last: what was noted when it came, until the next call of feed(), room() or next(). Null: nothing.
  const LongRuns* runs() const { return runs_.get(); }

  // The buffer in which the message is that was taken last, for who wants to keep it without copying it. nullopt: it is small, or something
  // stands behind it.
  std::optional<ByteBuffer> take_buffer();

  // Bytes of an unfinished message: > 0 at the end of input means that the peer went away in the middle of one.
  std::size_t pending() const { return buffer_.size() - unfinished_; }

  // How many messages were fed to their end: the index of the message to which the next byte belongs. Descriptors ride with a message's
  // first byte: those that come while pending() > 0 belong to none.
  std::uint64_t fed_messages() const { return fed_messages_; }

 private:
  static constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);

  void make_room();
  void reserve(std::size_t more);
  std::size_t note_runs(std::string_view bytes);
  Result<void> search(std::string_view bytes, std::size_t from = 0);

  // [0, taken_): handed out, to be dropped. [taken_, unfinished_): whole messages. [unfinished_, end): searched, no NUL in it.
  // So each byte is searched once when it comes; and once more when its message is handed out, unless that was the next one all the time.
  ByteBuffer buffer_;
  std::size_t taken_ = 0;
  std::size_t unfinished_ = 0;
  std::size_t next_nul_ = kUnknown;  // of the message at taken_
  std::uint64_t fed_messages_ = 0;
  std::unique_ptr<LongRuns> runs_;  // of the message that is under way, or was taken, where it is large
  bool notes_runs_ = false;         // it is under way
};

}  // namespace jobpool::proto
