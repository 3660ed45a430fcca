// The broker's hands on the workers: carries out offers, revokes and stop orders, and brings back what the workers report.
// Knows slots, sockets and sequences; decides nothing (the core does). Broker process, its one thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/control/order.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/shm/offer_side.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/core/event.hpp"

namespace jobpool::broker {

struct WorkerSeed {
  Incarnation incarnation;
  WorkerNumber number;
  PoolNumber pool = {};
  pid_t pid = 0;
  Result<shm::OfferSide> side;  // of its segment, or why that cannot be used
  UniqueFd eventfd;             // of its segment
  UniqueFd orders;
};

// Told what a drain finds, in the order it was reported. The views are valid during the call.
class ReportSink {
 public:
  virtual ~ReportSink() = default;
  virtual void on_started(JobId job, const shm::StartBody& body) = 0;
  virtual void on_result_piece(JobId job, std::uint64_t total, std::uint64_t offset, std::span<const std::byte> piece) = 0;
  // The job has ended; when this returns, its outcome must be recorded. Errors: protocol: not a report.
  virtual Result<void> on_report(JobId job, std::span<const std::byte> report) = 0;
  // What the worker was told to do before its first job has ended. Errors: protocol: not a report.
  virtual Result<void> on_set_up(Incarnation worker, std::span<const std::byte> report) = 0;
  // It leaves of its own accord when what it has claimed is done: what it has not claimed is to be taken back.
  virtual void on_leaving(Incarnation) {}
  // This worker broke the rules of the queue: it must be killed.
  virtual void on_liar(Incarnation worker, const std::string& what) = 0;
};

// The id under which a worker's set-up is in its slot: of no job.
inline constexpr std::uint64_t kSetupBit = std::uint64_t{1} << 63;
inline JobId setup_of(Incarnation worker) { return JobId{worker.value | kSetupBit}; }
inline bool is_setup(JobId id) { return (id.value & kSetupBit) != 0; }

class Dispatcher {
 public:
  explicit Dispatcher(ReportSink& sink) : sink_(sink) {}  // `sink` must outlive this

  // Errors: those of seed.side; the worker must be killed.
  Result<void> add(WorkerSeed seed);
  // What an inherited worker has in its slots.
  std::vector<shm::InFlight> in_flight(Incarnation worker) const;
  void forget_slot(Incarnation worker, Sequence sequence);  // after an inherited slot was judged
  // Descriptors that an earlier broker sent ahead of an offer that it did not live to make: the worker closes them, since somebody may wait
  // for the end of those streams. Requires: nothing was offered to it by this broker.
  void close_strays(Incarnation worker);

  // no_room: its slots or its payload area are full. no_worker: it is gone, or about to be killed. later: the kernel lets no more
  // descriptors be on their way at present, whoever sent them; audit() is wanted, and then it is to be tried again.
  // `fds` are duplicated to the worker ahead of the offer.
  enum class Offered { yes, no_room, no_worker, later };
  Offered offer(const Job& job, Incarnation worker, std::span<const UniqueFd> fds);
  // What the worker is to do before anything else is offered to it. Requires: nothing was offered to it before.
  Offered set_up(Incarnation worker, const SharedText& payload);
  // Where an inherited worker's is.
  WorkerJoined::Setup setup_state(Incarnation worker) const;
  // To that worker, by whichever broker.
  std::uint64_t offers_made(Incarnation worker) const;
  // It is in one of that worker's slots.
  bool has(JobId job, Incarnation worker) const;
  // True: it never started and never will; its slot is free again.
  bool revoke(JobId job, Incarnation worker);
  // A worker has taken it: it runs, or is about to.
  bool is_claimed(JobId job, Incarnation worker);
  void stop(JobId job, Incarnation worker, Microseconds grace);
  // False: its worker has that many (or a few more) to deliver already, and this one was not sent.
  static constexpr int kMostUnreadSignals = 64;
  bool signal(JobId job, Incarnation worker, int signal);

  // Told to leave, all its threads at once; requires that nothing more is offered to it.
  void dismiss(Incarnation worker);

  // One wake-up for all that was offered this turn. A worker that gets several jobs has it before the others are offered, and while the
  // broker has still to answer: what it does by then is found when the broker looks for ends, and nobody has to sleep for it. For a
  // few jobs it would be a loss: their callers' answers leave first.
  static constexpr int kSeveral = 8;
  void ring_bells();

  void drain(Incarnation worker);
  void drain_all();

  // A dead worker's segment, judged: everything it reported is told first, then each slot is claimed (may have started) or not.
  struct Verdict {
    std::vector<JobId> unclaimed, claimed;
    std::vector<std::uint64_t> items;  // of the chunks among the claimed, in their order, that which ran; 0: none
  };
  Verdict judge(Incarnation worker);
  void remove(Incarnation worker);

  // The broker's half of the sleeping protocol; false: there are frames to drain.
  bool prepare_to_sleep();
  void woke_up();

  void audit();
  std::int64_t rescued_wakeups() const { return rescued_; }

  int eventfd(Incarnation worker) const;
  pid_t pid(Incarnation worker) const;
  // Large payloads have been here lately: their memory waits for more of them.
  bool keeps_memory() const { return keeps_memory_; }
  // audit() is wanted: jobs are in flight, memory is to be given back, or an offer is to be tried again.
  bool busy() const { return in_flight_ > 0 || keeps_memory_ || was_refused_; }

 private:
  struct Slot {
    JobId job;
    Sequence sequence;
    bool finished = false;  // reported in the drain that is under way
  };
  struct Link {
    Incarnation incarnation;
    pid_t pid;
    shm::OfferSide side;
    UniqueFd eventfd, orders;
    std::vector<Slot> slots;
    bool listed = false;     // in busy_
    bool rung = true;        // nothing was offered since the last bell
    int unrung = 0;          // how many were, of that turn
    bool condemned = false;  // broke the rules; waits for its death
    bool leaving = false;    // says that it leaves, and the sink was told
    bool mad = false;        // condemned for what its ring says: nothing of it is believed any more
  };

  Link* find(Incarnation worker);
  const Link* find(Incarnation worker) const;
  static Slot* slot_of(Link& link, JobId job);
  void take_slot(Link& link, JobId job, Sequence sequence);
  void drain_link(Link& link);
  void release_finished(Link& link);
  void release(Link& link, Sequence sequence);
  Result<void> take_frame(Link& link, const shm::Frame& frame);
  void condemn(Link& link, const std::string& what);
  void disbelieve(Link& link, const std::string& what);

  ReportSink& sink_;
  std::map<Incarnation, Link> links_;
  // At least those that have something in their slots: a turn must not cost more for each worker that has nothing to do. One whose slots
  // are empty is taken out before the next sleep, when nobody goes through the list.
  std::vector<Link*> busy_;
  std::vector<Incarnation> to_ring_;
  std::size_t in_flight_ = 0;
  bool keeps_memory_ = false;  // of large payloads
  bool was_refused_ = false;   // an offer, by the kernel
  std::int64_t rescued_ = 0;
};

}  // namespace jobpool::broker
