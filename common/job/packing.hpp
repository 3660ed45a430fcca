// Writing and checked reading of the small binary forms of jobs (spec, report): fixed-size numbers in the host's byte order and
// length-prefixed bytes. Used by the codecs of common/job only; any process, any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace jobpool::packing {

// Appends to a std::string or a std::vector<std::byte>; both keep their capacity when the caller reuses them. Or writes into room that is
// there, and large enough: Buffer is char*, which moves behind what was written.
template <class Buffer>
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  // As one after the other, and the buffer grows once.
  template <class... Number>
  void numbers(Number... values) {
    static_assert((std::is_integral_v<Number> && ...));
    char packed[(sizeof(Number) + ...)];
    char* end = packed;
    ((std::memcpy(end, &values, sizeof values), end += sizeof values), ...);
    append(packed, sizeof packed);
  }
  template <class Number>
  void number(Number value) {
    numbers(value);
  }
  // Requires: shorter than 4 GiB (the protocol's limits are far below).
  void bytes(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    append(value.data(), value.size());
  }
  void append(const void* data, std::size_t size) {
    if (size == 0) return;
    if constexpr (std::is_same_v<Buffer, char*>) {
      std::memcpy(out_, data, size);
      out_ += size;
    } else {
      const std::size_t old = out_.size();
      out_.resize(old + size);
      std::memcpy(out_.data() + old, data, size);
    }
  }

 private:
  Buffer& out_;
};

// Reads what Writer wrote. Each read is checked against what is left; after the first failure everything read is empty and ok() false.
class Reader {
 public:
  explicit Reader(std::string_view data) : rest_(data) {}

  template <class Number>
  Number number() {
    Number value{};
    const std::string_view raw = take(sizeof value);
    if (raw.size() == sizeof value) std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  std::string_view bytes() { return take(number<std::uint32_t>()); }
  std::string_view take(std::uint64_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool ok() const { return ok_; }
  std::size_t left() const { return rest_.size(); }
  // All was there, and nothing more.
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace jobpool::packing
