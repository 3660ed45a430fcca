// How the supervisor starts the other two programs: numbered descriptors and long options, the same names on both ends.
//
//   jobpool-broker --control-fd N --instance ID --state-dir DIR --socket PATH --workers N --log-level L --restarts N
//     [--reloads N --failed-reloads N] --since USEC --plugin-dir DIR… [--queue-limit N] [--queue-limit-per-user N] [--keep-ended-count N]
//     [--keep-ended-seconds N] [--ledger-entries N --ledger-bytes N] [--access-group GID]
//     --restarts: how many brokers this instance had before (0: the first)
//     --reloads: how often the supervisor has become another program; --failed-reloads: how often that failed after its broker had ended.
//       Left away by supervisors of earlier versions, under which a broker of this one may run.
//     --since: when the instance began, by CLOCK_BOOTTIME; before its socket listened
//     --queue-limit and so on: the configuration's keys of these names; left away: the broker's own defaults
//     --ledger-entries, --ledger-bytes: the ledger's size, for tests that fill it; the same for all brokers of an instance
//     --access-group: its members may connect beside the daemon's user and root
//   jobpool-worker [--number N --incarnation N [--cgroup DIR]] --instance ID --socket PATH --log-level L --plugin-dir DIR…
//     [--output-limit-bytes N]
//     --number, --incarnation, --cgroup: its place. Without them it is a spare one, which waits until these words come over its socket to
//       the supervisor (place.hpp), and leaves when that is closed
//     --output-limit-bytes: the configuration's key of this name; left away: no limit but the disk's
//     --cgroup: where it makes a cgroup for each attempt; left away: it follows processes without
//     with the descriptors below at fixed numbers; stdin is /dev/null, stdout and stderr are the daemon's log.
#pragma once

namespace jobpool::control {

inline constexpr int kBrokerControlFd = 3;

inline constexpr int kWorkerControlMemFd = 3;
inline constexpr int kWorkerToWorkerMemFd = 4;  // read-only
inline constexpr int kWorkerFromWorkerMemFd = 5;
inline constexpr int kWorkerPayloadMemFd = 6;  // read-only
inline constexpr int kWorkerEventFd = 7;
inline constexpr int kWorkerSupervisorFd = 8;  // a spare worker's place; end of input: the supervisor died
inline constexpr int kWorkerOrdersFd = 9;      // SOCK_SEQPACKET from the broker
inline constexpr int kWorkerOutputDirFd = 10;  // where output files are made: <id>.<attempt>.out and .err

}  // namespace jobpool::control
