// Ten thousand connections that say nothing cost little memory.
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

#if defined(JOBPOOL_ASAN) || defined(JOBPOOL_TSAN)
constexpr bool kMemoryIsMeasurable = false;
#else
constexpr bool kMemoryIsMeasurable = true;
#endif

// What the allocator handed out. The resident size would say less here: earlier tests left it pages to reuse.
std::size_t allocated_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t room_for_pairs() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t usable = std::min<rlim_t>(limit.rlim_cur, kMemoryIsMeasurable ? 20'100 : 2'100);
  return (static_cast<std::size_t>(usable) - open_fds() - 50) / 2;
}

}  // namespace

TEST_CASE("an idle connection costs less than 2 KiB, also one that had a call") {
  const std::size_t pairs = room_for_pairs();
  Limits limits;
  limits.connections_per_uid = limits.connections = pairs;
  Harness harness(limits);
  harness.handler.script = [](const auto& call) { call->reply("{}"); };
  std::vector<Client> clients;
  clients.reserve(pairs);
  const std::size_t before = allocated_bytes();
  const std::string text = call_text(1);
  for (std::size_t i = 0; i < pairs; ++i) {
    clients.push_back(harness.connect());
    clients.back().send(text);
    harness.turn();
  }
  CHECK(harness.server.connections() == pairs);
  const std::size_t each = (allocated_bytes() - before) / pairs;
  if (kMemoryIsMeasurable) {
    WARN(pairs << " idle connections, " << each << " bytes each");
    CHECK(each < 2048);
  }
  for (Client& client : clients) REQUIRE(client.replies().size() == 1);
  clients.clear();
  harness.turn();
  CHECK(harness.server.connections() == 0);
}
