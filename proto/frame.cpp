// Splits a stream into messages at NUL bytes.
#include "proto/frame.hpp"

namespace jobpool::proto {
namespace {

// A buffer up to this size is kept when it is empty: it serves the next reads without an allocation. 4,096 connections keep 256 MiB at
// the very worst, if each once had a message of that size.
constexpr std::size_t kKeptBufferBytes = 64 * 1024;

// A message that has grown to this size gets room for the largest one at once: untouched memory costs nothing, doubling copies all.
constexpr std::size_t kLargeMessageBytes = 1024 * 1024;

}  // namespace

Result<void> FrameDecoder::feed(std::string_view bytes) {
  make_room();
  const std::size_t old_size = buffer_.size();
  std::size_t message_start = unfinished_, fed = 0;
  for (std::size_t from = 0; from <= bytes.size();) {
    const std::size_t nul = bytes.find('\0', from);
    const std::size_t message_end = old_size + (nul == bytes.npos ? bytes.size() : nul);
    if (message_end - message_start > kMaxMessageBytes)
      return Error{Errc::protocol, "message of more than " + std::to_string(kMaxMessageBytes) + " bytes"};
    if (nul == bytes.npos) break;
    from = nul + 1;
    message_start = old_size + from;
    ++fed;
  }
  if (old_size + bytes.size() > kLargeMessageBytes) buffer_.reserve(kMaxMessageBytes + kLargeMessageBytes);
  buffer_.append(bytes);
  unfinished_ = message_start;
  fed_messages_ += fed;
  return {};
}

std::optional<std::string_view> FrameDecoder::next() {
  if (taken_ == unfinished_) {
    make_room();
    return std::nullopt;
  }
  const std::size_t start = taken_, nul = buffer_.find('\0', start);
  taken_ = nul + 1;
  return std::string_view(buffer_).substr(start, nul - start);
}

// Drops what was handed out, when that is cheap: everything, or at least half of the buffer. So a byte is moved less than once on average.
void FrameDecoder::make_room() {
  const std::size_t left = buffer_.size() - taken_;
  if (taken_ < left || taken_ == 0) return;
  if (buffer_.capacity() > kKeptBufferBytes && left <= kKeptBufferBytes / 2) {
    buffer_ = buffer_.substr(taken_);  // a large buffer is given back: a connection that once sent 24 MiB must not hold them for ever
  } else {
    buffer_.erase(0, taken_);
  }
  unfinished_ -= taken_;
  taken_ = 0;
}

}  // namespace jobpool::proto
