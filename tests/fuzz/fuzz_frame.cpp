// Fuzzes the framing with a stream in odd-sized pieces. The messages must be those of the uncut stream, and the counts must agree with
// them.
//
//   input = how:u8 piece:u8{how % 8} stream    bit 7 of `how`: messages are taken only at the end; the pieces' sizes come round and round
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/job/packing.hpp"
#include "proto/frame.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;

namespace {

// Takes all messages, which must be the next ones of `expected`; counts them.
std::size_t take(jobpool::proto::FrameDecoder& decoder, std::string_view& expected) {
  std::size_t count = 0;
  for (; const auto message = decoder.next(); ++count) {
    const std::size_t nul = expected.find('\0');
    require(nul != expected.npos && *message == expected.substr(0, nul), "another message than was fed");
    expected.remove_prefix(nul + 1);
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  jobpool::packing::Reader reader({reinterpret_cast<const char*>(data), size});
  const auto how = reader.number<std::uint8_t>();
  const std::string_view sizes = reader.take(how % 8u);
  if (!reader.ok()) return 0;
  std::string_view stream = reader.take(reader.left()), expected = stream;
  const bool takes_late = (how & 128) != 0;
  std::size_t taken = 0;
  jobpool::proto::FrameDecoder decoder;
  for (std::size_t turn = 0; !stream.empty(); ++turn) {
    const std::size_t wanted = sizes.empty() ? 1 : static_cast<unsigned char>(sizes[turn % sizes.size()]) + 1u;
    const std::string_view piece = stream.substr(0, wanted);
    require(decoder.room().empty(), "room for a large message, of which there is none");
    require(static_cast<bool>(decoder.feed(piece)), "a short message is refused");
    stream.remove_prefix(piece.size());
    if (!takes_late) taken += take(decoder, expected);
  }
  taken += take(decoder, expected);
  require(taken == decoder.fed_messages(), "messages are lost");
  require(decoder.pending() == expected.size() && expected.find('\0') == expected.npos, "the rest is miscounted");
  return 0;
}
