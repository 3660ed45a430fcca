// See load.hpp.
#include "tests/bench/load.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "tests/bench/figures.hpp"
#include "tests/bench/pipelining.hpp"

namespace jobpool::bench {
namespace {

const std::string kApplyNoop = std::string(R"({"method":"org.jobpool.Pool.Apply","parameters":{"job":{"function":"noop"}}})") + '\0';
constexpr std::int64_t kForEver = -1;
constexpr std::size_t kAnswerBytes = 4096;  // more than any answer to @noop has

void allow_descriptors(std::size_t count) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) give_up("RLIMIT_NOFILE");
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, std::max<rlim_t>(files.rlim_cur, count));
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < count) give_up("ulimit -n is too low for so many connections");
}

std::int64_t nanoseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count());
}

}  // namespace

Load::Load(const std::string& socket, long connections) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  allow_descriptors(static_cast<std::size_t>(connections) + 64);
  ::prctl(PR_SET_TIMERSLACK, 1);  // arrivals are microseconds apart
  for (long i = 0; i < connections; ++i) {
    connections_.push_back(connect_to(socket));
    epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<std::uint32_t>(i)}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connections_.back().get(), &event) != 0) give_up("epoll");
  }
}

double Load::saturate(long calls) {
  return rate_of(calls, [&] {
    long to_send = calls, missing = calls;
    for (std::uint32_t i = 0; i < connections_.size() && to_send > 0; ++i, --to_send) send_on(i);
    while (missing > 0) {
      receive(kForEver, [&](std::uint32_t connection) {
        --missing;
        if (to_send-- > 0) send_on(connection);
      });
    }
  });
}

std::vector<double> Load::offer(long calls, double per_second) {
  std::exponential_distribution<double> gap(per_second / 1e9);
  std::deque<std::uint32_t> idle;
  for (std::uint32_t i = 0; i < connections_.size(); ++i) idle.push_back(i);
  std::vector<Clock::time_point> arrived(connections_.size());
  std::vector<double> taken;
  auto arrival = Clock::now();
  long to_send = calls;
  while (taken.size() < static_cast<std::size_t>(calls)) {
    while (to_send > 0 && !idle.empty() && Clock::now() >= arrival) {
      const std::uint32_t connection = idle.front();
      idle.pop_front();
      arrived[connection] = arrival;
      send_on(connection);
      --to_send;
      arrival += std::chrono::nanoseconds(std::llround(gap(chance_)));
    }
    const bool may_send = to_send > 0 && !idle.empty();
    receive(may_send ? nanoseconds_between(Clock::now(), arrival) : kForEver, [&](std::uint32_t connection) {
      taken.push_back(microseconds_since(arrived[connection]));
      idle.push_back(connection);
    });
  }
  return taken;
}

void Load::send_on(std::uint32_t connection) {
  const auto sent = ::send(connections_[connection].get(), kApplyNoop.data(), kApplyNoop.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(kApplyNoop.size())) give_up("a connection of many");
}

template <class Answered>
void Load::receive(std::int64_t nanoseconds, const Answered& answered) {
  epoll_event events[64];
  const timespec limit{.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
  const int count = ::epoll_pwait2(epoll_.get(), events, 64, nanoseconds == kForEver ? nullptr : &limit, nullptr);
  for (int i = 0; i < count; ++i) {
    char answer[kAnswerBytes];
    const std::uint32_t connection = events[i].data.u32;
    const ssize_t got = ::recv(connections_[connection].get(), answer, sizeof(answer), 0);
    if (got <= 0 || answer[got - 1] != '\0') give_up("a connection of many has no whole answer");
    if (std::string_view(answer, static_cast<std::size_t>(got)).find("succeeded") == std::string_view::npos) give_up(answer);
    answered(connection);
  }
}

}  // namespace jobpool::bench
