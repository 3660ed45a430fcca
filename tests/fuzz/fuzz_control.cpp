// Fuzzes what comes over the control sockets: bytes and descriptors, read as a message of the supervisor, as an order of the broker, and as
// a spare worker's place. Nothing but whole, known ones is taken, what was taken can be sent again, and no descriptor is left behind.
//
//   input = descriptors and what it is read as:u8 bytes
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/control/message.hpp"
#include "common/control/order.hpp"
#include "common/control/place.hpp"
#include "common/socket.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;

namespace {

SocketPair& pair() {
  static SocketPair made = *seqpacket_pair();
  return made;
}

// The lowest number free: the same as before when nothing was left open below it.
int next_fd() {
  const UniqueFd fd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  return fd.get();
}

std::vector<int> plain(const std::vector<UniqueFd>& fds) {
  std::vector<int> numbers;
  for (const UniqueFd& fd : fds) numbers.push_back(fd.get());
  return numbers;
}

bool is_expected(const Error& error) { return error.code == Errc::protocol || error.code == Errc::closed; }

void as_message(std::span<const std::byte> bytes, std::span<const int> fds) {
  require(static_cast<bool>(send_message(pair().first.get(), bytes, fds)), "the socket takes no message");
  const auto taken = control::receive(pair().second.get());
  if (!taken) return require(is_expected(taken.error()), taken.error().text);
  require(bytes.size() == sizeof(control::Message) && std::memcmp(&taken->message, bytes.data(), bytes.size()) == 0, "other bytes");
  require(taken->fds.size() == fds.size(), "descriptors are lost");
  require(static_cast<bool>(control::send(pair().first.get(), taken->message, plain(taken->fds))), "it cannot be sent again");
  require(static_cast<bool>(control::receive(pair().second.get())), "it is refused the second time");
}

void as_order(std::span<const std::byte> bytes, std::span<const int> fds) {
  require(static_cast<bool>(send_message(pair().first.get(), bytes, fds)), "the socket takes no message");
  const auto taken = control::receive_order(pair().second.get());
  if (!taken) return require(is_expected(taken.error()), taken.error().text);
  require(bytes.size() == sizeof(control::Order) && std::memcmp(&taken->order, bytes.data(), bytes.size()) == 0, "other bytes");
  require(taken->fds.size() == fds.size(), "descriptors are lost");
  require(static_cast<bool>(control::send_order(pair().first.get(), taken->order, plain(taken->fds))), "it cannot be sent again");
  require(static_cast<bool>(control::receive_order(pair().second.get())), "it is refused the second time");
}

void as_place(std::span<const std::byte> bytes, std::span<const int> fds) {
  require(static_cast<bool>(send_message(pair().first.get(), bytes, fds)), "the socket takes no message");
  const auto taken = control::receive_place(pair().second.get());
  if (!taken) return require(is_expected(taken.error()), taken.error().text);
  require(static_cast<bool>(control::send_place(pair().first.get(), *taken)), "it cannot be sent again");
  const auto again = control::receive_place(pair().second.get());
  require(again && *again == *taken, "it is another one the second time");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  pair();
  std::array<int, kMaxPassedFds> fds;
  fds.fill(STDERR_FILENO);
  const std::span<const int> passed = std::span(fds).first(std::min<std::size_t>(data[0] % 32, kMaxPassedFds));
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  // One of them for each input: all that it costs is system calls.
  constexpr std::array kinds{as_message, as_order, as_place};
  const int before = next_fd();
  kinds[data[0] / 32 % kinds.size()](bytes, passed);
  require(next_fd() == before, "a descriptor was left open");
  return 0;
}
