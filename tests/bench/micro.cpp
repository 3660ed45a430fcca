// What single steps of a job cost, in one process, by Google Benchmark: frames, messages read and written, the core's events, the queue's
// words, a worker's report. Each tells how many allocations it makes (`allocs`).
//   micro [--benchmark_filter=REGEX] [--benchmark_format=json]
// What crosses processes, and the kernel, is in the other benches.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "common/job/report.hpp"
#include "common/shm/claim_side.hpp"
#include "common/shm/offer_side.hpp"
#include "daemon/broker/core/job_core.hpp"
#include "proto/envelope.hpp"
#include "proto/frame.hpp"
#include "proto/messages.hpp"

namespace {

std::uint64_t allocations = 0;

}  // namespace

// Not inlined: g++ 12 would take them for mismatched.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace jobpool {
namespace {

// Counts while it lives, and tells when it goes, after the loop.
class CountedAllocations {
 public:
  explicit CountedAllocations(benchmark::State& state) : state_(state), before_(allocations) {}
  ~CountedAllocations() {
    state_.counters["allocs"] = benchmark::Counter(static_cast<double>(allocations - before_), benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  const std::uint64_t before_;
};

const std::string kNoopCall =
    R"({"method":"org.jobpool.Pool.ApplyAsync","parameters":{"job":{"function":"noop","arguments":"[7,\"x\"]","durable":false,"key":"0123456789abcdef"}}})";
const std::string kCommandCall =
    R"({"method":"org.jobpool.Pool.ApplyAsync","parameters":{"job":{"command":["/usr/bin/make","-j4","all"],"cwd":"/home/someone/project",)"
    R"("environment":["PATH=/usr/local/bin:/usr/bin:/bin","HOME=/home/someone","LANG=C.UTF-8"],"umask":18,"name":"nightly build","key":"0123456789abcdef"}}})";

// 32 messages in one read, as a pipelining client sends them.
void frame_decode(benchmark::State& state) {
  std::string batch;
  for (int i = 0; i < 32; ++i) batch += kNoopCall + '\0';
  proto::FrameDecoder decoder;
  const CountedAllocations counted(state);
  for (auto unused : state) {
    if (!decoder.feed(batch)) std::abort();
    while (const auto message = decoder.next()) benchmark::DoNotOptimize(message->data());
  }
  state.SetItemsProcessed(state.iterations() * 32);
}
BENCHMARK(frame_decode);

void read_submission(benchmark::State& state, const std::string& message) {
  const CountedAllocations counted(state);
  for (auto unused : state) {
    const auto call = proto::read_call(message);
    auto submission = proto::read_submit(call->parameters);
    if (!submission) std::abort();
    benchmark::DoNotOptimize(submission);
  }
}
BENCHMARK_CAPTURE(read_submission, noop, kNoopCall);
BENCHMARK_CAPTURE(read_submission, command, kCommandCall);

void write_submission(benchmark::State& state) {
  proto::Submission job;
  job.function = "noop";
  job.arguments = R"([7,"x"])";
  job.key = "0123456789abcdef";
  const CountedAllocations counted(state);
  for (auto unused : state) benchmark::DoNotOptimize(proto::write_call("org.jobpool.Pool.Apply", proto::write_submit(job)));
}
BENCHMARK(write_submission);

proto::Ending an_ending() {
  proto::Ending ending;
  ending.id = JobId{4711};
  ending.outcome = Outcome::succeeded;
  ending.result = "null";
  return ending;
}

void write_ending(benchmark::State& state) {
  const proto::Ending ending = an_ending();
  std::string out;
  const CountedAllocations counted(state);
  for (auto unused : state) {
    out.clear();
    proto::append_reply(out, proto::write_ending(ending));
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_ending);

void read_ending(benchmark::State& state) {
  std::string message;
  proto::append_reply(message, proto::write_ending(an_ending()));
  message.pop_back();
  const CountedAllocations counted(state);
  for (auto unused : state) {
    auto ending = proto::read_ending(proto::read_reply(message)->parameters);
    if (!ending) std::abort();
    benchmark::DoNotOptimize(ending);
  }
}
BENCHMARK(read_ending);

void report_there_and_back(benchmark::State& state) {
  Report report;
  report.result = "null";
  std::vector<std::byte> bytes;
  const CountedAllocations counted(state);
  for (auto unused : state) {
    bytes.clear();
    encode_report(report, bytes);
    auto read = decode_report(bytes);
    if (!read) std::abort();
    benchmark::DoNotOptimize(read);
  }
}
BENCHMARK(report_there_and_back);

// A core with one worker and so many jobs queued in a pool without workers.
class CoreAlone {
 public:
  explicit CoreAlone(std::int64_t queued) : core_(broker::CoreLimits{}, JobId{1}) {
    broker::PoolSettings settings;
    settings.name = "deep";
    settings.size = 0;
    core_.handle(broker::CreatePool{settings}, now_, effects_);
    const PoolNumber deep = core_.pools().find("deep")->record.number;
    for (; queued > 0; --queued) submit(deep);
    broker::WorkerJoined joined;
    joined.incarnation = Incarnation{1};
    joined.number = WorkerNumber{1};
    tell(joined);
  }

  // Submitted, offered, started, reported, settled.
  void run_one() {
    const JobId job = submit({});
    tell(broker::EndOfTurn{});
    tell(broker::Started{job, 4711, now_.wall_usec});
    const ReportView report;
    tell(broker::Reported{job, &report});
    tell(broker::Settled{job});
    tell(broker::EndOfTurn{});
    now_.steady += std::chrono::microseconds(10);
    now_.wall_usec += 10;
  }

 private:
  JobId submit(PoolNumber pool) {
    broker::Submit event;
    event.token = broker::Token{77};
    event.mode = broker::Mode::apply_async;
    event.pool = pool;
    event.payload = "payload";
    tell(std::move(event));
    for (const broker::Effect& effect : effects_)
      if (const auto* accepted = std::get_if<broker::Accepted>(&effect)) return accepted->job;
    std::abort();
  }
  void tell(broker::Event event) {
    effects_.clear();
    core_.handle(std::move(event), now_, effects_);
  }

  broker::JobCore core_;
  broker::Now now_{TimePoint{} + std::chrono::hours{1}, 1'000'000'000};
  broker::Effects effects_;
};

void core_job(benchmark::State& state) {
  CoreAlone core(state.range(0));
  for (int i = 0; i < 1'000; ++i) core.run_one();
  const CountedAllocations counted(state);
  for (auto unused : state) core.run_one();
}
BENCHMARK(core_job)->Arg(0)->Arg(1'000)->Arg(1'000'000);

// Offer, claim, START, FIN, drain, release, both ends in one thread: no wake-ups.
void queue_words(benchmark::State& state) {
  const shm::SegmentFds fds = *shm::create_segment();
  auto offers = *shm::OfferSide::map(fds, shm::OfferSide::Origin::fresh);
  auto claims = *shm::ClaimSide::map(*shm::reopen_for_worker(fds));
  const std::string report(48, 'r');
  std::uint64_t job = 0;
  const CountedAllocations counted(state);
  for (auto unused : state) {
    const auto sequence =
        offers.offer(shm::Offer{.job = JobId{++job}, .kind = shm::JobKind::function, .payload = "a request of thirty-two bytes..."});
    const auto claim = claims.try_claim();
    claims.report_start(*claim, shm::StartBody{.started_usec = 1, .pid = 4711, .reserved = 0});
    claims.report_fin(*claim, std::as_bytes(std::span(report)));
    if (!offers.drain([](const shm::Frame& frame) { benchmark::DoNotOptimize(frame.body.data()); })) std::abort();
    offers.acknowledge();
    offers.release(*sequence);
  }
}
BENCHMARK(queue_words);

}  // namespace
}  // namespace jobpool

BENCHMARK_MAIN();
