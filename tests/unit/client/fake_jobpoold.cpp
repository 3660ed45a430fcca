// Stands in for jobpoold where only its start is tested: `jobpoold --socket PATH [--state-dir DIR]` notes its start, and its pid, in the
// file "starts" beside the socket; dies at once when there is a file "die" there; leaves it to another one, which listens only when it is
// dead, when there is a file "another"; else answers Hello until a client says "Shutdown".
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "common/exit_status.hpp"
#include "proto/envelope.hpp"
#include "proto/frame.hpp"
#include "proto/messages.hpp"

namespace {

// One connection to its end. True: go on.
bool serve(int connection) {
  jobpool::proto::FrameDecoder decoder;
  std::array<char, 4096> bytes;
  for (;;) {
    while (const auto message = decoder.next()) {
      const auto call = jobpool::proto::read_call(*message);
      if (!call) return true;
      std::string reply;
      jobpool::proto::append_reply(reply, jobpool::proto::write_hello({"0.0", std::to_string(::getpid()), ::getpid(), ::getpid(), 1}));
      if (::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return true;
      if (call->method == "org.jobpool.Pool.Shutdown") return false;
    }
    const ssize_t size = ::recv(connection, bytes.data(), bytes.size(), 0);
    if (size <= 0 || !decoder.feed({bytes.data(), static_cast<std::size_t>(size)})) return true;
  }
}

// True in the other one, once the first is gone.
bool is_another() {
  int life[2];
  if (::pipe2(life, O_CLOEXEC) != 0) return false;
  if (::fork() != 0) return false;  // `life` ends with this process
  ::close(life[1]);
  char byte = 0;
  return ::read(life[0], &byte, 1) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || std::string{argv[1]} != "--socket") return 2;
  const std::string path = argv[2];
  const std::string folder = path.substr(0, path.rfind('/'));
  if (std::FILE* starts = std::fopen((folder + "/starts").c_str(), "a")) {
    std::fprintf(starts, "%d %s\n", ::getpid(), argc > 4 ? argv[4] : "-");
    std::fclose(starts);
  }
  if (::access((folder + "/die").c_str(), F_OK) == 0) {
    std::fprintf(stderr, "the store is unreadable\n");
    return 1;
  }
  if (::access((folder + "/another").c_str(), F_OK) == 0 && !is_another()) return jobpool::kExitAnotherDaemon;
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 64) != 0) return 3;
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const bool go_on = serve(connection);
    ::close(connection);
    if (!go_on) return 0;
  }
}
