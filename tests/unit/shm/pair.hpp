// A broker's and a worker's end of one fresh segment in one process, with the bare memory beside them for tests that tamper.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/shm/claim_side.hpp"
#include "common/shm/mapping.hpp"
#include "common/shm/offer_side.hpp"
#include "common/shm/segment.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::shm {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// All of the segment, writable.
struct BareSegment {
  Region<Control> control;
  Region<ToWorker> to_worker;
  Region<FromWorker> from_worker;
  Region<PayloadArea> payload;

  static BareSegment map(const SegmentFds& fds) {
    return BareSegment{*Region<Control>::map(fds.control, "control"), *Region<ToWorker>::map(fds.to_worker, "to_worker"),
                       *Region<FromWorker>::map(fds.from_worker, "from_worker"), *Region<PayloadArea>::map(fds.payload, "payload")};
  }

  // Both ends over these very addresses: ThreadSanitizer pairs accesses by address.
  BrokerMapping for_broker() const {
    return BrokerMapping{Region<Control>::borrow(*control), Region<ToWorker>::borrow(*to_worker),
                         Region<const FromWorker>::borrow(*from_worker), Region<PayloadArea>::borrow(*payload)};
  }
  WorkerMapping for_worker() const {
    return WorkerMapping{Region<Control>::borrow(*control), Region<const ToWorker>::borrow(*to_worker),
                         Region<FromWorker>::borrow(*from_worker), Region<const PayloadArea>::borrow(*payload)};
  }
};

struct Pair {
  explicit Pair(std::uint32_t threads = 1) : fds(*create_segment(threads)) {}

  SegmentFds fds;
  BareSegment bare = BareSegment::map(fds);
  OfferSide broker = *OfferSide::over(bare.for_broker(), OfferSide::Origin::fresh);
  ClaimSide worker = *ClaimSide::over(bare.for_worker(), UniqueFd(::dup(fds.eventfd.get())));

  Sequence offer(std::uint64_t job, std::string_view payload = "") {
    const auto sequence = broker.offer(Offer{.job = JobId{job}, .kind = JobKind::function, .payload = payload});
    REQUIRE(sequence.has_value());
    return *sequence;
  }

  Claim claim() {
    const auto claim = worker.try_claim();
    REQUIRE(claim.has_value());
    return *claim;
  }

  struct Drained {
    FrameType type;
    std::uint64_t sequence;
    std::uint64_t job;
    std::string body;
  };
  std::vector<Drained> drain() {
    std::vector<Drained> frames;
    const auto drained = broker.drain([&](const Frame& frame) {
      frames.push_back({frame.type, frame.sequence.value, frame.job.value, text_of(frame.body)});
    });
    INFO((drained ? std::string() : drained.error().text));
    REQUIRE(drained);
    return frames;
  }

  // What drain() complains of; empty: nothing.
  std::string complaint() {
    const auto drained = broker.drain([](const Frame&) {});
    if (drained) return "";
    CHECK(drained.error().code == Errc::protocol);
    return drained.error().text;
  }

  // The broker dies and another one takes over.
  Result<void> replace_broker() {
    auto next = OfferSide::over(bare.for_broker(), OfferSide::Origin::inherited);
    if (!next) return next.error();
    broker = *std::move(next);
    return {};
  }
};

// Runs `body` in a child and says whether it died of abort().
template <class Body>
bool aborts(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // not Catch2's report of it
    body();
    ::_exit(0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return false;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace jobpool::shm
