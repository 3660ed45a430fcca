// See pipelining.hpp.
#include "tests/bench/pipelining.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {

UniqueFd connect_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) give_up("the daemon's socket");
  return fd;
}

std::string submission(const std::string& job) {
  return R"({"method":"org.jobpool.Pool.ApplyAsync","parameters":{"job":)" + job + "}}" + '\0';
}

std::string pipeline(int socket, const std::string& request, long times, long answers, long in_flight) {
  constexpr long kRequestsInChunk = 512;
  std::string chunk;
  for (long i = 0; i < std::min(times, kRequestsInChunk); ++i) chunk += request;
  std::string received;
  char buffer[65536];
  std::size_t left = request.size() * static_cast<std::size_t>(times), written = 0;  // written: of the chunk
  std::size_t room = request.size() * static_cast<std::size_t>(std::min(times, in_flight));
  while (answers > 0) {
    const std::size_t wanted = std::min({left, room, chunk.size() - written});
    pollfd wait{.fd = socket, .events = static_cast<short>(wanted > 0 ? POLLIN | POLLOUT : POLLIN), .revents = 0};
    if (::poll(&wait, 1, -1) != 1) continue;
    if (wait.revents & POLLOUT) {
      const ssize_t sent = ::send(socket, chunk.data() + written, wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        left -= static_cast<std::size_t>(sent);
        room -= static_cast<std::size_t>(sent);
        written = (written + static_cast<std::size_t>(sent)) % chunk.size();
      }
    }
    if (wait.revents & (POLLIN | POLLHUP)) {
      const ssize_t got = ::recv(socket, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got == 0) give_up("the daemon closed the connection");
      if (got < 0) continue;
      const auto answered = std::count(buffer, buffer + got, '\0');
      answers -= answered;
      room += request.size() * static_cast<std::size_t>(answered);
      received.append(buffer, static_cast<std::size_t>(got));
    }
  }
  return received;
}

void check_accepted(const std::string& answers) {
  for (std::size_t begin = 0, end; begin < answers.size(); begin = end + 1) {
    end = answers.find('\0', begin);
    const std::string_view answer(answers.data() + begin, end - begin);
    if (!answer.starts_with(kAccepted)) give_up("not accepted: " + std::string(answer));
  }
}

std::string wait_call_for(const std::string& answers) {
  check_accepted(answers);
  std::string call = R"({"method":"org.jobpool.Job.Wait","parameters":{"ids":[)";
  for (std::size_t begin = 0, end; begin < answers.size(); begin = end + 1) {
    end = answers.find('\0', begin);
    const std::string_view id = std::string_view(answers.data() + begin, end - begin).substr(kAccepted.size());
    call.append(id.substr(0, id.find('}'))) += ',';
  }
  call.back() = ']';
  return call + "}}" + '\0';
}

}  // namespace jobpool::bench
