// The least that a command-line client can be, a C++ program like ours: connects to the socket, sends one message, waits for the answer.
//   minimal_client SOCKET [run]      run: to be answered when the daemon has run /bin/true
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return 1;
  char message[64] = {};
  message[0] = argc > 2 ? 1 : 0;
  if (::write(fd, message, sizeof(message)) != sizeof(message) || ::read(fd, message, sizeof(message)) != sizeof(message)) return 1;
  return message[0];
}
