// Words one after the other, each with a zero behind it, as the kernel passes a command line on.
#include "common/control/place.hpp"

#include <array>
#include <string_view>

#include "common/socket.hpp"

namespace jobpool::control {
namespace {

constexpr std::size_t kMaxBytes = 8192;  // PATH_MAX, and as much again

}  // namespace

Result<void> send_place(int socket, std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text.append(word).push_back('\0');
  if (text.empty() || text.size() > kMaxBytes) return Error{Errc::invalid_argument, "a worker's place: too long, or empty"};
  return send_message(socket, std::as_bytes(std::span(text)));
}

Result<std::vector<std::string>> receive_place(int socket) {
  std::array<char, kMaxBytes> buffer;
  auto received = receive_message(socket, std::as_writable_bytes(std::span(buffer)));
  if (!received) return received.error();
  if (received->size == 0) return Error{Errc::closed, "a worker's place: the supervisor has none to give"};
  std::string_view text(buffer.data(), received->size);
  if (text.back() != '\0') return Error{Errc::protocol, "a worker's place: its last word has no end"};
  std::vector<std::string> words;
  for (; !text.empty(); text.remove_prefix(words.back().size() + 1)) words.emplace_back(text.substr(0, text.find('\0')));
  return words;
}

}  // namespace jobpool::control
