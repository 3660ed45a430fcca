// Offers out, reports in.
#include "daemon/broker/pool/dispatcher.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace jobpool::broker {
namespace {

// What the other end has not read yet, as the kernel counts it: an order is less than kOrderBytes.
int unread_bytes(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}
constexpr int kOrderBytes = 1024;

}  // namespace

Result<void> Dispatcher::add(WorkerSeed seed) {
  if (!seed.side) return seed.side.error();
  Link link{seed.incarnation, seed.pid, *std::move(seed.side), std::move(seed.eventfd), std::move(seed.orders), {}};
  const auto [added, is_new] = links_.emplace(seed.incarnation, std::move(link));
  if (is_new)
    for (const auto& slot : added->second.side.in_flight()) take_slot(added->second, slot.job, slot.sequence);
  return {};
}

void Dispatcher::take_slot(Link& link, JobId job, Sequence sequence) {
  link.slots.push_back({job, sequence});
  ++in_flight_;
  if (!std::exchange(link.listed, true)) busy_.push_back(&link);
}

std::vector<shm::InFlight> Dispatcher::in_flight(Incarnation worker) const {
  const Link* link = find(worker);
  return link == nullptr ? std::vector<shm::InFlight>{} : link->side.in_flight();
}

void Dispatcher::forget_slot(Incarnation worker, Sequence sequence) {
  Link* link = find(worker);
  if (link == nullptr) return;
  link->side.revoke(sequence);  // should it still stand as an offer, nobody may claim it at this moment
  release(*link, sequence);
}

// The worker keeps one set for each sequence: these take the place of what came before, and are closed with the next offer of that number.
// What it does not take is no harm now: it is dead, or the next order finds that it takes none.
void Dispatcher::close_strays(Incarnation worker) {
  Link* link = find(worker);
  const UniqueFd nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};      // an order of this kind has at least one
  if (link == nullptr || !nothing || link->side.threads() > 1) return;  // several threads run no commands
  control::Order order;
  order.kind = control::OrderKind::descriptors;
  order.sequence = link->side.next_sequence();
  const int plain[] = {nothing.get()};
  (void)control::send_order(link->orders.get(), order, plain);
  // That number may be spent without an offer: the slot was written, and its word was not.
  --order.sequence.value;
  if (order.sequence.value > 0 && std::ranges::find(link->slots, order.sequence, &Slot::sequence) == link->slots.end())
    (void)control::send_order(link->orders.get(), order, plain);
  link->side.ring_all();
}

Dispatcher::Offered Dispatcher::offer(const Job& job, Incarnation worker, std::span<const UniqueFd> fds) {
  Link* link = find(worker);
  if (link == nullptr || link->condemned) return Offered::no_worker;
  // The descriptors must be in the worker's socket before the offer can be claimed, and carry the sequence it will have.
  if (!fds.empty()) {
    std::vector<int> plain;
    for (const UniqueFd& fd : fds) plain.push_back(fd.get());
    control::Order order;
    order.kind = control::OrderKind::descriptors;
    order.sequence = link->side.next_sequence();
    const auto sent = control::send_order(link->orders.get(), order, plain);
    if (!sent && sent.error().code == Errc::io) {
      was_refused_ = true;
      return Offered::later;
    }
    if (!sent) {
      condemn(*link, "it takes no orders (" + sent.error().text + ")");
      return Offered::no_worker;
    }
  }
  const auto sequence = link->side.offer(
      {.job = job.id, .kind = job.kind, .flags = fds.empty() ? 0 : shm::kHasDescriptors, .attempt = job.attempt, .payload = job.payload});
  if (!sequence) return Offered::no_room;
  take_slot(*link, job.id, *sequence);
  if (std::exchange(link->rung, false)) to_ring_.push_back(worker);
  if (++link->unrung == kSeveral) link->side.ring();
  return Offered::yes;
}

Dispatcher::Offered Dispatcher::set_up(Incarnation worker, const SharedText& payload) {
  Job setup;
  setup.id = setup_of(worker);
  setup.kind = shm::JobKind::setup;
  setup.attempt = 1;
  setup.payload = payload;
  return offer(setup, worker, {});
}

// It is over when something was acknowledged and it is in no slot: nothing else can have been reported before it.
WorkerJoined::Setup Dispatcher::setup_state(Incarnation worker) const {
  const Link* link = find(worker);
  if (link == nullptr) return WorkerJoined::Setup::to_do;
  if (has(setup_of(worker), worker)) return WorkerJoined::Setup::under_way;
  return link->side.has_reported() ? WorkerJoined::Setup::done : WorkerJoined::Setup::to_do;
}

std::uint64_t Dispatcher::offers_made(Incarnation worker) const {
  const Link* link = find(worker);
  return link == nullptr ? 0 : link->side.next_sequence().value - 1;
}

bool Dispatcher::has(JobId job, Incarnation worker) const {
  const Link* link = find(worker);
  return link != nullptr && std::ranges::find(link->slots, job, &Slot::job) != link->slots.end();
}

bool Dispatcher::revoke(JobId job, Incarnation worker) {
  Link* link = find(worker);
  Slot* slot = link == nullptr ? nullptr : slot_of(*link, job);
  if (slot == nullptr) return true;  // the offer did not come about
  if (!link->side.revoke(slot->sequence)) return false;
  release(*link, slot->sequence);
  if (std::exchange(link->rung, false)) to_ring_.push_back(worker);  // it closes the descriptors of what it lost
  return true;
}

bool Dispatcher::is_claimed(JobId job, Incarnation worker) {
  Link* link = find(worker);
  const Slot* slot = link == nullptr ? nullptr : slot_of(*link, job);
  return slot != nullptr && link->side.state(slot->sequence) == shm::SlotState::claimed;
}

void Dispatcher::stop(JobId job, Incarnation worker, Microseconds grace) {
  Link* link = find(worker);
  Slot* slot = link == nullptr ? nullptr : slot_of(*link, job);
  if (slot == nullptr) return;
  control::Order order;
  order.kind = control::OrderKind::stop;
  order.sequence = slot->sequence;
  order.usec = grace.count();
  if (const auto sent = control::send_order(link->orders.get(), order); !sent && sent.error().code != Errc::closed)
    condemn(*link, "it takes no orders (" + sent.error().text + ")");
}

// A worker that hangs in the start of a command delivers none for a while: signals must leave room for what ends it.
bool Dispatcher::signal(JobId job, Incarnation worker, int signal) {
  Link* link = find(worker);
  Slot* slot = link == nullptr ? nullptr : slot_of(*link, job);
  if (slot == nullptr) return true;
  if (unread_bytes(link->orders.get()) > kMostUnreadSignals * kOrderBytes) return false;
  control::Order order;
  order.kind = control::OrderKind::signal;
  order.sequence = slot->sequence;
  order.value = signal;
  const auto sent = control::send_order(link->orders.get(), order);
  return sent || sent.error().code != Errc::full;
}

void Dispatcher::dismiss(Incarnation worker) {
  Link* link = find(worker);
  if (link == nullptr || link->condemned) return;
  control::Order order;
  order.kind = control::OrderKind::leave;
  if (const auto sent = control::send_order(link->orders.get(), order); !sent && sent.error().code != Errc::closed)
    return condemn(*link, "it takes no orders (" + sent.error().text + ")");
  link->side.ring_all();
}

void Dispatcher::ring_bells() {
  for (const Incarnation worker : to_ring_)
    if (Link* link = find(worker)) {
      link->side.ring();
      link->rung = true;
      link->unrung = 0;
    }
  to_ring_.clear();
}

void Dispatcher::drain(Incarnation worker) {
  if (Link* link = find(worker)) drain_link(*link);
}

// What a drain leads to may make others busy.
void Dispatcher::drain_all() {
  for (std::size_t i = 0; i < busy_.size(); ++i)
    if (!busy_[i]->slots.empty()) drain_link(*busy_[i]);
}

void Dispatcher::drain_link(Link& link) {
  if (link.mad) return;
  Result<void> inner;
  const auto drained = link.side.drain([&](const shm::Frame& frame) {
    if (inner) inner = take_frame(link, frame);
  });
  link.side.acknowledge();
  release_finished(link);
  if (!drained) return disbelieve(link, drained.error().text);
  if (!inner) return disbelieve(link, inner.error().text);
  if (link.side.is_leaving() && !std::exchange(link.leaving, true)) sink_.on_leaving(link.incarnation);
}

Result<void> Dispatcher::take_frame(Link& link, const shm::Frame& frame) {
  switch (frame.type) {
    case shm::FrameType::start: {
      if (is_setup(frame.job)) return {};
      shm::StartBody body;
      std::memcpy(&body, frame.body.data(), sizeof body);  // OfferSide checked the length
      sink_.on_started(frame.job, body);
      return {};
    }
    case shm::FrameType::data: {
      if (is_setup(frame.job)) return {};  // what an initializer returns nobody reads
      shm::DataHeader header;
      std::memcpy(&header, frame.body.data(), sizeof header);
      sink_.on_result_piece(frame.job, header.total_length, header.offset, frame.body.subspan(sizeof header));
      return {};
    }
    case shm::FrameType::fin: {
      auto taken = is_setup(frame.job) ? sink_.on_set_up(link.incarnation, frame.body) : sink_.on_report(frame.job, frame.body);
      if (taken)
        if (Slot* slot = slot_of(link, frame.job)) slot->finished = true;
      return taken;
    }
  }
  return Error{Errc::protocol, "frame of an unknown type"};
}

void Dispatcher::release_finished(Link& link) {
  in_flight_ -= std::erase_if(link.slots, [&](const Slot& slot) {
    if (slot.finished) link.side.release(slot.sequence);
    return slot.finished;
  });
  keeps_memory_ |= link.side.keeps_unused();
}

void Dispatcher::release(Link& link, Sequence sequence) {
  link.side.release(sequence);
  keeps_memory_ |= link.side.keeps_unused();
  const auto found = std::ranges::find(link.slots, sequence, &Slot::sequence);  // mostly the first
  if (found == link.slots.end()) return;
  link.slots.erase(found);
  --in_flight_;
}

Dispatcher::Verdict Dispatcher::judge(Incarnation worker) {
  Verdict verdict;
  Link* link = find(worker);
  if (link == nullptr) return verdict;
  drain_link(*link);
  for (const Slot& slot : link->slots) {
    const bool is_unclaimed = link->side.revoke(slot.sequence);
    if (is_setup(slot.job)) continue;
    (is_unclaimed ? verdict.unclaimed : verdict.claimed).push_back(slot.job);
    if (!is_unclaimed) verdict.items.push_back(link->side.item(slot.sequence));
  }
  return verdict;
}

void Dispatcher::remove(Incarnation worker) {
  const auto found = links_.find(worker);
  if (found == links_.end()) return;
  in_flight_ -= found->second.slots.size();
  if (found->second.listed) std::erase(busy_, &found->second);
  links_.erase(found);
}

bool Dispatcher::prepare_to_sleep() {
  std::erase_if(busy_, [](Link* link) { return link->slots.empty() && std::exchange(link->listed, false); });
  bool quiet = true;
  for (Link* link : busy_)
    if (!link->condemned) quiet = link->side.prepare_to_sleep() && quiet;
  return quiet;
}

void Dispatcher::woke_up() {
  for (Link* link : busy_)
    if (!link->slots.empty() && !link->condemned) link->side.wake_up();
}

void Dispatcher::audit() {
  drain_all();
  ring_bells();  // what the drain led to is no lost wake-up
  keeps_memory_ = was_refused_ = false;
  for (auto& [incarnation, link] : links_) {
    link.side.give_back_unused();
    keeps_memory_ |= link.side.keeps_unused();
    if (link.slots.empty() || link.condemned) continue;
    if (const auto rescued = link.side.audit())
      rescued_ += *rescued;
    else
      condemn(link, rescued.error().text);
  }
}

void Dispatcher::disbelieve(Link& link, const std::string& what) {
  link.mad = true;
  condemn(link, what);
}

// What it reports until its death counts: a worker that takes no orders may have ended jobs.
void Dispatcher::condemn(Link& link, const std::string& what) {
  if (std::exchange(link.condemned, true)) return;
  sink_.on_liar(link.incarnation, what);
}

int Dispatcher::eventfd(Incarnation worker) const {
  const Link* link = find(worker);
  return link == nullptr ? -1 : link->eventfd.get();
}

pid_t Dispatcher::pid(Incarnation worker) const {
  const Link* link = find(worker);
  return link == nullptr ? 0 : link->pid;
}

Dispatcher::Link* Dispatcher::find(Incarnation worker) {
  const auto found = links_.find(worker);
  return found == links_.end() ? nullptr : &found->second;
}

const Dispatcher::Link* Dispatcher::find(Incarnation worker) const { return const_cast<Dispatcher*>(this)->find(worker); }

Dispatcher::Slot* Dispatcher::slot_of(Link& link, JobId job) {
  const auto found = std::ranges::find(link.slots, job, &Slot::job);
  return found == link.slots.end() ? nullptr : &*found;
}

}  // namespace jobpool::broker
