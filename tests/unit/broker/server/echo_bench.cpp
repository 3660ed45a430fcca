// What a call costs over the bare server, nothing but framing, envelope and sockets: round trips of one client, and pipelined batches.
// Usage: server_echo_bench [rounds [calls per round]]. Pin it (taskset -c 0) for the one-cpu regime.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/broker/server/server.hpp"
#include "daemon/broker/server/turn_loop.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

class Echo : public CallHandler {
 public:
  void handle(std::shared_ptr<Call> call) override { call->reply(R"({"id":12345})"); }
};

class NoHooks : public TurnHooks {
 public:
  explicit NoHooks(TurnLoop& loop, Server& server) : loop_(loop), server_(server) {}
  void ring_bells() override {}
  void end_turn() override {
    ++turns;
    if (server_.connections() == 0) loop_.stop();
  }
  bool prepare_to_sleep() override { return true; }
  void woke_up() override {}
  long turns = 0;

 private:
  TurnLoop& loop_;
  Server& server_;
};

double nanoseconds(const timeval& time) { return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3; }

// Blocks until `replies` more messages came.
void await(int socket, std::size_t replies) {
  char buffer[65536];
  while (replies > 0) {
    const ssize_t size = ::recv(socket, buffer, sizeof buffer, 0);
    if (size <= 0) std::abort();
    replies -= static_cast<std::size_t>(std::count(buffer, buffer + size, '\0'));
  }
}

int client(int socket, long rounds, std::size_t batch) {
  std::string one =
      R"({"method":"org.jobpool.Pool.ApplyAsync","parameters":{"job":{"function":"noop","arguments":"[]","pool":"default"}}})";
  one.push_back('\0');
  std::string text;
  for (std::size_t i = 0; i < batch; ++i) text += one;
  std::vector<long> times;
  times.reserve(static_cast<std::size_t>(rounds));
  const TimePoint begin = Clock::now();
  TimePoint last = begin;
  for (long i = 0; i < rounds; ++i) {
    if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) return 1;
    await(socket, batch);
    const TimePoint now = Clock::now();
    times.push_back(std::chrono::nanoseconds(now - last).count());
    last = now;
  }
  std::sort(times.begin(), times.end());
  const double seconds = std::chrono::duration<double>(last - begin).count();
  std::printf("batch %zu: %.0f calls/s, round p50 %.1f us, p99 %.1f us\n", batch,
              static_cast<double>(rounds) * static_cast<double>(batch) / seconds, static_cast<double>(times[times.size() / 2]) / 1000,
              static_cast<double>(times[times.size() * 99 / 100]) / 1000);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::atol(argv[1]) : 100'000;
  const std::size_t batch = argc > 2 ? static_cast<std::size_t>(std::atol(argv[2])) : 1;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    std::_Exit((client(ends[0], rounds, batch), std::fflush(stdout), 0));
  }
  ::close(ends[0]);
  TurnLoop loop;
  Echo echo;
  Server server(loop.io(), echo, [](const Peer&, int) { return true; });
  server.adopt(UniqueFd(ends[1]), Peer{0, 0, child});
  NoHooks hooks(loop, server);
  loop.run(hooks, server);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const double calls = static_cast<double>(rounds) * static_cast<double>(batch);
  std::printf("server: %.0f ns user and %.0f ns system per call, %.2f turns per round\n", nanoseconds(used.ru_utime) / calls,
              nanoseconds(used.ru_stime) / calls, static_cast<double>(hooks.turns) / static_cast<double>(rounds));
  ::waitpid(child, nullptr, 0);
  return 0;
}
