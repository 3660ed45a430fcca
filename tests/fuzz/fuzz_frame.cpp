// Fuzzes the framing: the first byte says how the rest is cut into pieces and when messages are taken. The messages must be those of the
// uncut stream, and the counts must agree with them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proto/frame.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Takes all messages, which must be the next ones of `expected`; counts them.
std::size_t take(jobpool::proto::FrameDecoder& decoder, std::string_view& expected) {
  std::size_t count = 0;
  for (; const auto message = decoder.next(); ++count) {
    const std::size_t nul = expected.find('\0');
    require(nul != expected.npos && *message == expected.substr(0, nul));
    expected.remove_prefix(nul + 1);
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1), expected = stream;
  std::size_t piece = data[0] % 16 + 1u, taken = 0;
  const bool takes_late = (data[0] & 128) != 0;
  jobpool::proto::FrameDecoder decoder;
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    require(static_cast<bool>(decoder.feed(stream.substr(0, piece))));
    if (!takes_late) taken += take(decoder, expected);
  }
  taken += take(decoder, expected);
  require(taken == decoder.fed_messages() && decoder.pending() == expected.size() && expected.find('\0') == expected.npos);
  return 0;
}
