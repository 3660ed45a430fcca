// Broker and workers as threads over the same addresses: what ThreadSanitizer can judge. Real sleeping, real wake-ups, no time limits:
// a lost wake-up is a hang (and ctest's time limit), a wrong order is TSan's report.
#include <poll.h>

#include <deque>
#include <random>
#include <thread>
#include <unordered_map>

#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {
namespace {

constexpr std::uint64_t kStop = ~std::uint64_t{0};  // the job that ends a worker
constexpr std::uint64_t kJobs = 200'000;

// How large the result of a job is: small in the FIN, or some hundred KiB in DATA, or (once) as large as it may be.
std::size_t streamed_length(std::uint64_t job) { return job == 1000 ? kMaxResultBytes : job % 2000 == 7 ? 100'000 + job : 0; }

void work(ClaimSide& side, std::vector<std::uint8_t>& starts, std::uint32_t thread) {
  for (;;) {
    const auto claim = side.try_claim(thread);
    if (!claim) {
      side.wait(thread);
      continue;
    }
    if (claim->job.value == kStop) return;
    ++starts[claim->job.value];  // one thread per job: never two writers unless the queue is broken
    side.report_start(*claim, StartBody{.started_usec = 1, .pid = 4711, .reserved = 0});
    if (const std::size_t length = streamed_length(claim->job.value)) {
      side.report_data(*claim, std::string(length, static_cast<char>(claim->job.value)));
    }
    side.report_fin(*claim, bytes_of(claim->payload));
  }
}

struct House {
  explicit House(std::uint32_t threads) : desks{Desk(threads), Desk(threads)} {}

  struct Desk {
    explicit Desk(std::uint32_t threads) : pair(threads) {}

    Pair pair;
    std::deque<Sequence> offered;
    std::unordered_map<std::uint64_t, std::size_t> streamed;
    std::vector<std::uint8_t> starts = std::vector<std::uint8_t>(kJobs + 1);
  };

  Desk desks[2];
  std::mt19937 random{11};
  std::deque<std::uint64_t> ready;
  std::vector<std::uint8_t> reports = std::vector<std::uint8_t>(kJobs + 1);
  std::uint64_t done = 0, revoked = 0, wrong = 0;
  int rescued = 0;

  static std::string payload_of(std::uint64_t job) { return std::string(1 + job % 90, static_cast<char>('a' + job % 26)); }

  void offer_some(Desk& desk) {
    bool offered = false;
    while (!ready.empty() && desk.pair.broker.free_slots() > 0) {
      const std::uint64_t job = ready.front();
      const std::string payload = payload_of(job);
      const auto sequence = desk.pair.broker.offer(Offer{.job = JobId{job}, .kind = JobKind::function, .payload = payload});
      if (!sequence) break;
      ready.pop_front();
      desk.offered.push_back(*sequence);
      offered = true;
    }
    if (offered) desk.pair.broker.ring();
  }

  void revoke_one(Desk& desk) {
    const auto slots = desk.pair.broker.in_flight();
    if (slots.empty()) return;
    const InFlight& victim = slots[random() % slots.size()];
    if (!desk.pair.broker.revoke(victim.sequence)) return;
    ++revoked;
    ready.push_front(victim.job.value);
    desk.pair.broker.release(victim.sequence);
    desk.pair.broker.ring();
  }

  void drain(Desk& desk) {
    std::vector<Sequence> finished;
    const auto drained = desk.pair.broker.drain([&](const Frame& frame) {
      if (frame.type == FrameType::data) desk.streamed[frame.job.value] += frame.body.size() - sizeof(DataHeader);
      if (frame.type != FrameType::fin) return;
      finished.push_back(frame.sequence);
      wrong += text_of(frame.body) != payload_of(frame.job.value);
      wrong += desk.streamed[frame.job.value] != streamed_length(frame.job.value);
      desk.streamed.erase(frame.job.value);
      wrong += ++reports[frame.job.value] != 1;
      ++done;
    });
    wrong += !drained;
    desk.pair.broker.acknowledge();
    for (const Sequence sequence : finished) desk.pair.broker.release(sequence);
  }

  // The broker's turn-taking: look, and sleep only when every desk agrees.
  void sleep_if_idle() {
    std::size_t idle = 0;
    for (Desk& desk : desks) idle += desk.pair.broker.prepare_to_sleep();
    if (idle == std::size(desks)) {
      pollfd fds[2] = {{desks[0].pair.fds.eventfd.get(), POLLIN, 0}, {desks[1].pair.fds.eventfd.get(), POLLIN, 0}};
      ::poll(fds, 2, -1);
    }
    for (Desk& desk : desks) {
      desk.pair.broker.wake_up();
      std::uint64_t count;
      [[maybe_unused]] const ssize_t drained = ::read(desk.pair.fds.eventfd.get(), &count, sizeof count);
    }
  }

  void run() {
    for (std::uint64_t job = 1; job <= kJobs; ++job) ready.push_back(job);
    for (std::uint64_t turn = 0; done < kJobs && wrong == 0; ++turn) {
      for (Desk& desk : desks) {
        drain(desk);
        offer_some(desk);
        if (turn % 16 == 0) revoke_one(desk);
        if (turn % 256 == 0) {
          const auto audited = desk.pair.broker.audit();
          wrong += !audited;
          rescued += audited ? *audited : 0;
        }
      }
      for (Desk& desk : desks) offer_some(desk);
      if (done < kJobs) sleep_if_idle();
    }
    for (Desk& desk : desks) {
      for (const InFlight& slot : desk.pair.broker.in_flight()) {
        if (desk.pair.broker.revoke(slot.sequence)) desk.pair.broker.release(slot.sequence);
      }
      for (std::uint32_t thread = 0; thread < desk.pair.worker.threads(); ++thread) desk.pair.offer(kStop);
      desk.pair.broker.ring();
    }
  }
};

}  // namespace

TEST_CASE("a broker and two workers, of one thread or three, move 200,000 jobs with revokes and large results") {
  const std::uint32_t threads = GENERATE(1u, 3u);
  House house(threads);
  std::vector<std::thread> workers;
  for (House::Desk& desk : house.desks)
    for (std::uint32_t thread = 0; thread < threads; ++thread)
      workers.emplace_back([&desk, thread] { work(desk.pair.worker, desk.starts, thread); });
  house.run();
  for (std::thread& worker : workers) worker.join();
  std::uint64_t not_once = 0;
  for (std::uint64_t job = 1; job <= kJobs; ++job) {
    not_once += house.reports[job] != 1 || house.desks[0].starts[job] + house.desks[1].starts[job] != 1;
  }
  CHECK(house.wrong == 0);
  CHECK(house.rescued == 0);
  CHECK(not_once == 0);
  CHECK(house.done == kJobs);
  CHECK(house.revoked > 0);
}

}  // namespace jobpool::shm
