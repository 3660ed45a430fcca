// Splits a stream into messages at NUL bytes.
#include "proto/frame.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "proto/byte_runs.hpp"

namespace jobpool::proto {
namespace {

// A buffer up to this size is kept when it is empty: it serves the next reads without an allocation. 4,096 connections keep 256 MiB at
// the very worst, if each once had a message of that size.
constexpr std::size_t kKeptBufferBytes = 64 * 1024;

// A message of which so much is there is read on without a copy, into room for at least as much as a socket usually holds.
constexpr std::size_t kReadOnBytes = 64 * 1024;
constexpr std::size_t kRoomBytes = 256 * 1024;

// One that grows beyond half of this gets room for a megabyte at once, and for the largest one when it has grown to that: untouched memory
// costs nothing, doubling copies all, and both are there already if one like it came before. (Smaller ones are on the heap, which then
// keeps as much for the results that its owner takes out of them, too.)
constexpr std::size_t kHeapBytes = 512 * 1024;
static_assert(ByteBuffer::kLargeBytes >= kMaxMessageBytes + kRoomBytes);

}  // namespace

Result<void> FrameDecoder::feed(std::string_view bytes) {
  make_room();
  notes_runs_ = false;
  if (auto found = search(bytes); !found) return found;
  reserve(bytes.size());
  buffer_.append(bytes);
  return {};
}

std::span<char> FrameDecoder::room() {
  if (pending() < kReadOnBytes) return {};
  make_room();
  if (!notes_runs_) runs_.reset();
  reserve(kRoomBytes);
  return buffer_.room();
}

Result<void> FrameDecoder::fed(std::size_t size) {
  const std::string_view bytes{buffer_.room().data(), size};
  if (auto found = search(bytes, note_runs(bytes)); !found) return found;
  buffer_.grow(size);
  return {};
}

// Of what is to come behind the buffer's end, and belongs to a large message. Up to where there is no NUL.
std::size_t FrameDecoder::note_runs(std::string_view bytes) {
  constexpr std::size_t kWorthNoting =
      256;  // bytes between two stops: where there are more of these, they are looked for when it is checked
  if (taken_ != unfinished_) return 0;
  notes_runs_ = true;
  if (runs_ == nullptr) runs_ = std::make_unique<LongRuns>();
  const std::size_t before = pending();
  const char *const begin = bytes.data(), *const end = begin + bytes.size();
  std::size_t stops_left = bytes.size() / kWorthNoting + 1;
  for (const char* at = begin; at != end; ++at) {
    const char* const run = at;
    at = run_end<NotOrdinary>(at, end);
    runs_->add(before + static_cast<std::size_t>(run - begin), before + static_cast<std::size_t>(at - begin));
    if (at == end || *at == '\0' || --stops_left == 0) return static_cast<std::size_t>(at - begin);
  }
  return bytes.size();
}

// Of what is to come behind the buffer's end; there is no NUL before `from`. Changes nothing when a message is too long.
Result<void> FrameDecoder::search(std::string_view bytes, std::size_t from) {
  const std::size_t old_size = buffer_.size();
  std::size_t message_start = unfinished_, fed = 0, first_nul = kUnknown;
  while (from <= bytes.size()) {
    const std::size_t nul = bytes.find('\0', from);
    const std::size_t message_end = old_size + (nul == bytes.npos ? bytes.size() : nul);
    if (message_end - message_start > kMaxMessageBytes)
      return Error{Errc::protocol, "message of more than " + std::to_string(kMaxMessageBytes) + " bytes"};
    if (nul == bytes.npos) break;
    if (fed == 0) first_nul = message_end;
    from = nul + 1;
    message_start = old_size + from;
    ++fed;
  }
  if (taken_ == unfinished_) next_nul_ = first_nul;
  unfinished_ = message_start;
  fed_messages_ += fed;
  return {};
}

std::optional<std::string_view> FrameDecoder::next() {
  if (taken_ == unfinished_) {
    make_room();
    return std::nullopt;
  }
  if (!std::exchange(notes_runs_, false)) runs_.reset();
  const std::string_view all = buffer_.text();
  const std::size_t start = taken_, known = std::exchange(next_nul_, kUnknown), nul = known == kUnknown ? all.find('\0', start) : known;
  taken_ = nul + 1;
  return all.substr(start, nul - start);
}

std::optional<ByteBuffer> FrameDecoder::take_buffer() {
  if (taken_ != buffer_.size() || buffer_.size() < kReadOnBytes) return std::nullopt;
  taken_ = unfinished_ = 0;
  return std::exchange(buffer_, {});
}

void FrameDecoder::reserve(std::size_t more) {
  const std::size_t wanted = buffer_.size() + more;
  if (wanted <= kHeapBytes) return buffer_.reserve(wanted);
  buffer_.reserve(wanted <= ByteBuffer::kMiddleBytes ? ByteBuffer::kMiddleBytes : std::max(wanted, ByteBuffer::kLargeBytes));
}

// Drops what was handed out, when that is cheap: everything, or at least half of the buffer. So a byte is moved less than once on average.
void FrameDecoder::make_room() {
  const std::size_t left = buffer_.size() - taken_;
  if (taken_ < left || taken_ == 0) return;
  if (buffer_.capacity() > kKeptBufferBytes && left <= kKeptBufferBytes / 2) {
    // A large buffer is given back: a connection that once sent 24 MiB must not hold them for ever.
    ByteBuffer small;
    small.append(buffer_.text().substr(taken_));
    buffer_ = std::move(small);
  } else {
    buffer_.drop_front(taken_);
  }
  unfinished_ -= taken_;
  if (next_nul_ != kUnknown) next_nul_ -= taken_;
  taken_ = 0;
}

}  // namespace jobpool::proto
