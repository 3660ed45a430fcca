// See memory.hpp. What cannot be set up ends the program by an exception: there is nothing to be simulated.
#include "tests/simulation/memory.hpp"

#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "daemon/broker/pool/ledger_layout.hpp"

namespace jobpool::simulation {
namespace {

namespace layout = broker::ledger_layout;

// Many more entries than a schedule has jobs; taken in order, so that the first untouched one ends the wipe.
constexpr std::size_t kEntries = 512;
constexpr broker::LedgerSize kSize{.entries = kEntries, .heap_bytes = std::uint64_t{16} << 20};

template <class T>
T checked(Result<T> result) {
  if (!result) throw std::runtime_error("the simulation cannot be set up: " + result.error().text);
  return std::move(*result);
}

layout::Entry& entry(std::byte* head, std::size_t i) { return reinterpret_cast<layout::Entry*>(head + layout::kEntriesOffset)[i]; }

std::size_t touched(std::byte* head) {
  std::size_t end = 0;
  while (end < kEntries && entry(head, end).id != 0) ++end;
  return end;
}

}  // namespace

LedgerMemory::LedgerMemory() {
  void* head = ::mmap(nullptr, layout::file_bytes(kSize), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (head == MAP_FAILED) throw std::runtime_error("the simulation cannot be set up: no memory for the ledger");
  head_ = static_cast<std::byte*>(head);
}

LedgerMemory::~LedgerMemory() { ::munmap(head_, layout::file_bytes(kSize)); }

broker::Ledger LedgerMemory::open() const { return checked(broker::Ledger::over(head_, kSize)); }

void LedgerMemory::wipe() {
  std::memset(head_ + layout::kEntriesOffset, 0, touched(head_) * sizeof(layout::Entry));
  std::memset(head_, 0, sizeof(layout::Header));
}

std::vector<std::byte> LedgerMemory::copy() const {
  return {head_, head_ + layout::kEntriesOffset + touched(head_) * sizeof(layout::Entry)};
}

void LedgerMemory::restore(const std::vector<std::byte>& bytes) {
  wipe();
  std::memcpy(head_, bytes.data(), bytes.size());
}

SegmentMemory::SegmentMemory()
    : fds(checked(shm::create_segment())),
      broker_side(checked(shm::BrokerMapping::map(fds))),
      worker_side(checked(shm::WorkerMapping::map(fds))) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    throw std::runtime_error("the simulation cannot be set up: no socket");
  broker_orders.reset(pair[0]);
  worker_orders.reset(pair[1]);
}

void SegmentMemory::wipe(std::uint32_t threads) {
  forget_offers();
  broker_side.control->bell.store(0);
  broker_side.control->sleeping.store(0);
  broker_side.to_worker->threads = threads;
  broker_side.to_worker->rpos.store(0);
  broker_side.to_worker->broker_sleeping.store(0);
  worker_side.from_worker->wpos.store(0);
  worker_side.from_worker->leaving.store(0);
  if (!std::exchange(may_have_orders, false)) return;
  char order[256];
  while (::recv(worker_orders.get(), order, sizeof order, 0) > 0) {
  }
}

void SegmentMemory::forget_offers() {
  for (auto& word : broker_side.control->word) word.store(0);
  for (auto& desc : broker_side.to_worker->desc) desc = {};
}

SegmentMemory& Segments::take(std::uint32_t threads) {
  SegmentMemory* segment = nullptr;
  if (!free_.empty()) {
    segment = free_.back();
    free_.pop_back();
  } else {
    if (used_ == all_.size()) all_.push_back(std::make_unique<SegmentMemory>());
    segment = all_[used_++].get();
  }
  segment->wipe(threads);
  return *segment;
}

}  // namespace jobpool::simulation
