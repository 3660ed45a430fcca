// The conversation of supervisor and broker: fixed-size messages over a SOCK_SEQPACKET pair, descriptors beside them.
// Both ends check version, kind, size and number of descriptors before they use anything.
//
//   supervisor → broker                                   broker → supervisor
//     welcome          +3 fds or more (below)               start_worker    number usec value
//     worker_started   number incarnation pid +6 fds        kill_worker     incarnation          (SIGKILL, with its tree)
//                      value = Origin, usec
//     worker_died      incarnation code value               forget_worker   incarnation          (its segment is judged: drop it)
//     handover_done    (after all known workers, at start)  ready           (connections are accepted)
//     drain            usec = deadline from now             drained         (nothing runs any more)
//     stop_now                                              shutdown        value = 1: now, 0: drain first (a client asked)
//     checkup                                               healthy         value = running jobs, usec = ready and waiting ones
//                                                           signal_worker   incarnation, value = the signal (to the worker alone)
//     reload_refused   usec = number (the log says why)     reload          usec = number (a client asked; as SIGHUP)
//     retire_worker    incarnation
//
// The `value` of start_worker is how many threads the worker is to have. Its `usec` is the broker's own note (its pool's number), which the
// supervisor keeps with that worker and repeats in worker_started, to this broker and to the next ones, without knowing what it means.
//
// A broker numbers its wishes to reload, from 1 on. `reload_refused` is of all of its wishes up to that number, and of no later one: those
// came while the one before was being tried, may be for programs that were mended meanwhile, and are tried by themselves. 0: nobody's (a
// SIGHUP). `retire_worker`: a reload waits until that worker has left, which it is to do when it has done what it has; no other is started
// before. It is told again to a broker that comes meanwhile, behind handover_done. A reload that succeeds, or fails after the broker's end,
// is answered by the next broker (arguments.hpp, --reloads).
//
// Start: `welcome`, then per known incarnation in ascending order `worker_started`, not `fresh`, followed by its `worker_died` when it is
// dead and not forgotten, then `handover_done`. A later `welcome` means that the socket file had vanished and was bound again: the broker
// accepts on its listening sockets from then on, instead of on the earlier ones. The ledger is a memfd of size 0 at first, sealable: the
// first broker gives it its size. A start that is delayed by back-off is answered late; those asked for by a dead broker are forgotten.
// A broker that cannot ever work (an unreadable store) exits 78: the supervisor then stops everything and exits 78 as well.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::control {

inline constexpr std::uint32_t kVersion = 1;

enum class Kind : std::uint32_t {
  welcome = 1,         // fds: ledger, output directory, listening socket…
  worker_started = 2,  // fds: control, to_worker, from_worker, payload, eventfd, socket to the worker; value = Origin
  handover_done = 3,
  worker_died = 4,  // status: as waitid's: value = si_status, code = si_code
  drain = 5,
  stop_now = 6,  // 7 was once meant for a reload and never sent
  checkup = 8,
  reload_refused = 9,
  retire_worker = 10,
  start_worker = 16,
  kill_worker = 17,
  forget_worker = 18,
  ready = 19,
  drained = 20,
  shutdown = 21,
  reload = 22,
  healthy = 23,
  signal_worker = 24,
};

// Whose a worker was before its broker got it.
enum class Origin : std::int32_t {
  fresh = 0,
  inherited = 1,      // an earlier broker's
  older_program = 2,  // likewise, and the daemon was reloaded since: to be replaced as soon as it has nothing to do
};

// One message, in the host's byte order. Fields that a kind does not name are 0.
struct Message {
  std::uint32_t version = kVersion;
  Kind kind{};
  Incarnation incarnation;  // worker_started, worker_died, retire_worker, kill_worker, forget_worker, signal_worker
  WorkerNumber number;      // start_worker, worker_started
  std::int32_t pid = 0;     // worker_started
  std::int32_t code = 0;    // worker_died: CLD_EXITED, CLD_KILLED or CLD_DUMPED
  std::int32_t value = 0;   // also start_worker: threads; signal_worker
  std::int64_t usec = 0;    // drain; start_worker, worker_started: the broker's note; healthy; reload, reload_refused
};
static_assert(sizeof(Message) == 40);

struct Envelope {
  Message message;
  std::vector<UniqueFd> fds;
  bool lost_fds = false;  // it came with those of its kind, and this process may not have so many open: it has none
};

// Errors: closed, full (would block: a control socket that is full for long means a hung peer), io.
Result<void> send(int socket, const Message& message, std::span<const int> fds = {});
// Who has `lost_fds` knows what it was told, and must do without what came with it.
// Errors: full (nothing there), closed (end of input), protocol, io.
Result<Envelope> receive(int socket);

}  // namespace jobpool::control
