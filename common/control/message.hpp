// The conversation of supervisor and broker: fixed-size messages over a SOCK_SEQPACKET pair, descriptors beside them.
// Both ends check version, kind, size and number of descriptors before they use anything.
//
//   supervisor → broker                                   broker → supervisor
//     worker_started   number incarnation pid +6 fds         start_worker    number
//     handover_done    (after all live workers, at start)    kill_worker     incarnation          (SIGKILL, with its tree)
//     worker_died      incarnation status                    forget_worker   incarnation          (its segment is judged: drop it)
//     drain            usec = deadline from now              ready           (connections are accepted)
//     stop_now                                               drained         (nothing runs any more)
//     reload                                                 shutdown        value = 1: now, 0: drain first (a client asked)
//
// Before all these, the supervisor sends `welcome` with the listening socket(s) and the ledger memfd.
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
  welcome = 1,         // fds: ledger, listening socket…
  worker_started = 2,  // fds: control, to_worker, from_worker, payload, eventfd, socket to the worker; value = 1: inherited from an earlier broker
  handover_done = 3,
  worker_died = 4,     // status: as waitid's: value = si_status, code = si_code
  drain = 5,
  stop_now = 6,
  reload = 7,
  start_worker = 16,
  kill_worker = 17,
  forget_worker = 18,
  ready = 19,
  drained = 20,
  shutdown = 21,
};

// One message, in the host's byte order. Fields that a kind does not name are 0.
struct Message {
  std::uint32_t version = kVersion;
  Kind kind{};
  Incarnation incarnation;   // worker_started, worker_died, kill_worker, forget_worker
  WorkerNumber number;       // start_worker, worker_started
  std::int32_t pid = 0;      // worker_started
  std::int32_t code = 0;     // worker_died: CLD_EXITED, CLD_KILLED or CLD_DUMPED
  std::int32_t value = 0;
  std::int64_t usec = 0;
};
static_assert(sizeof(Message) == 40);

struct Envelope {
  Message message;
  std::vector<UniqueFd> fds;
};

// Errors: closed, full (would block: a control socket that is full for long means a hung peer), io.
Result<void> send(int socket, const Message& message, std::span<const int> fds = {});
// Errors: full (nothing there), closed (end of input), protocol, io.
Result<Envelope> receive(int socket);

}  // namespace jobpool::control
