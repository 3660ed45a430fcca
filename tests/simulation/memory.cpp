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

constexpr std::size_t kEntries = 512;  // many more than a schedule has jobs; taken in order, so that the first untouched one ends the wipe
constexpr std::size_t kHeadBytes = layout::kEntriesOffset + kEntries * sizeof(layout::Entry);

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

LedgerMemory::LedgerMemory() : file_(::memfd_create("ledger", MFD_CLOEXEC)) {
  checked(broker::Ledger::open(file_.get()));  // gives it its size
  void* head = ::mmap(nullptr, kHeadBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (head == MAP_FAILED) throw std::runtime_error("the simulation cannot be set up: no memory for the ledger");
  head_ = static_cast<std::byte*>(head);
}

LedgerMemory::~LedgerMemory() { ::munmap(head_, kHeadBytes); }

broker::Ledger LedgerMemory::open() const { return checked(broker::Ledger::open(file_.get())); }

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
