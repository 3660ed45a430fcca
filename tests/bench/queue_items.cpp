// What an item costs on its way through a named queue, durable or not: put and taken one at a time, and in batches of 100, by one client.
// Floors in the same run: as many round trips of such messages over a socketpair, to a process that only echoes; and for the durable queue
// bare SQLite commits (WAL, FULL) of one row in the daemon's folder.
//   queue_items [--rounds=7] [--singles=500] [--items=20000]
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <exception>

#include "jobpool/client.hpp"
#include "tests/bench/bare_commits.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

constexpr std::size_t kBatch = 100;
constexpr std::size_t kPutBytes = 130;  // of a Put with its key

// A child that sends back what it gets.
class PingPong {
 public:
  PingPong() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) give_up("socketpair");
    child_ = ::fork();
    if (child_ == 0) echo(ends[1], ends[0]);
    ::close(ends[1]);
    socket_ = ends[0];
  }
  ~PingPong() {
    ::close(socket_);
    ::waitpid(child_, nullptr, 0);
  }
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;

  void round_trip() {
    std::array<char, kPutBytes> message{};
    if (::send(socket_, message.data(), message.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(message.size())) give_up("send");
    if (::recv(socket_, message.data(), message.size(), MSG_WAITALL) != static_cast<ssize_t>(message.size())) give_up("recv");
  }

 private:
  [[noreturn]] static void echo(int mine, int others) {
    ::close(others);
    std::array<char, kPutBytes> message{};
    while (::recv(mine, message.data(), message.size(), MSG_WAITALL) == static_cast<ssize_t>(message.size()))
      if (::send(mine, message.data(), message.size(), MSG_NOSIGNAL) < 0) break;
    ::_exit(0);
  }

  pid_t child_ = -1;
  int socket_ = -1;
};

struct QueueFigures {
  std::vector<double> single, rate;  // one of each a round

  void measure(const jobpool::Queue& queue, long singles, long items) {
    single.push_back(median_of(singles, [&] {
      queue.put(7);
      if (queue.get<int>() != 7) give_up("another item");
    }));
    const std::vector<int> batch(kBatch, 7);
    const auto begin = Clock::now();
    for (long done = 0; done < items; done += static_cast<long>(kBatch)) {
      queue.put_all(batch);
      if (queue.get_some<int>(kBatch).size() != kBatch) give_up("other items");
    }
    rate.push_back(static_cast<double>(items) * 1e6 / microseconds_since(begin));
  }
};

void measure_all(int argc, char** argv) {
  const long singles = option(argc, argv, "singles", 500), items = option(argc, argv, "items", 20'000);
  PingPong pair;
  const PrivateDaemon daemon(0);
  BareCommits bare(daemon.folder(), 20);
  const jobpool::Client client(daemon.socket());
  const jobpool::Queue memory = client.create_queue("memory"), disk = client.create_queue("disk", {.durable = true});

  QueueFigures of_memory, of_disk;
  std::vector<double> two_trips, two_commits;
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    two_trips.push_back(median_of(singles, [&] {
      pair.round_trip();
      pair.round_trip();
    }));
    two_commits.push_back(median_of(singles, [&] {
      bare.commit(1);
      bare.commit(1);
    }));
    of_memory.measure(memory, singles, items);
    of_disk.measure(disk, singles, items);
  }
  print_figure("item.memory.p50", of_memory.single, "us");
  print_figure("item.durable.p50", of_disk.single, "us");
  print_figure("pingpong.two.p50", two_trips, "us");
  print_figure("commit.two.p50", two_commits, "us");
  print_ratio("item.memory/pingpong.two", of_memory.single, two_trips);
  print_ratio("item.durable/commit.two", of_disk.single, two_commits);
  print_figure("items.memory.rate", of_memory.rate, "items/s");
  print_figure("items.durable.rate", of_disk.rate, "items/s");
}

}  // namespace

int queue_items(int argc, char** argv) {
  try {
    measure_all(argc, argv);
  } catch (const std::exception& error) {
    give_up(error.what());
  }
  return 0;
}

}  // namespace jobpool::bench
