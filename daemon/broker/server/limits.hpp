// Every limit of the socket side, with its reason. Limits that tests turn are in a struct, the others are constants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace jobpool::broker {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

struct Limits {
  // A script that forgets to close must not take the daemon from the account's other programs, nor all of the broker's descriptors.
  std::size_t connections_per_uid = 4096;
  std::size_t connections = 16384;
  // Peers that may not connect are answered once; this many of them may take their time over reading that.
  std::size_t refused_connections = 64;
  // Pipelined calls of one connection that were started and not answered, or answered behind one that is not; and their requests' bytes.
  std::size_t unanswered_calls = 4096;
  std::size_t unanswered_bytes = 32 * kMiB;
  // The same of the descriptors that came with them and are kept until the answer: those of jobs that wait for room in the queue. And of
  // those that leave with answers which the peer did not read yet: a logs' answer is short, and keeps a file open.
  std::size_t unanswered_fds = 1024;
  // Descriptors that come with calls have numbers below it, or are closed at once. The kernel gives the lowest that is free: a higher
  // number says that so many are open, whoever has them. The others are for connections, and for what the supervisor sends.
  int end_of_passed_fds = std::numeric_limits<int>::max();
  // The same of connections, however many are allowed above: new ones beyond are closed. What is left is the broker's own: without it a
  // worker that takes a dead one's place would find no room for its descriptors.
  int end_of_connections = std::numeric_limits<int>::max();
  // Answers that one connection did not read yet; beyond it, no more of its requests are read.
  std::size_t unsent_bytes = 16 * kMiB;
  // The same for the stream of a `more` call, which can wait at no cost: reply_more() answers "pause" beyond it.
  std::size_t unsent_stream_bytes = 1 * kMiB;
  // Input of all connections together that is not yet a started call; beyond it, the connection that holds most of it is closed.
  std::size_t buffered_input = 256 * kMiB;
  // What nobody acts on yet waits so long for something to leave with. A person notices less, a command that takes longer loses little.
  std::chrono::milliseconds unhurried{10};
};

// Those of a process that may have so many files open: three quarters may be callers' descriptors, a sixteenth is for workers and the
// store.
inline Limits limits_within(std::uint64_t open_files) {
  Limits limits;
  if (open_files > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) return limits;
  limits.end_of_passed_fds = static_cast<int>(open_files / 4 * 3);
  limits.end_of_connections = static_cast<int>(open_files - open_files / 16);
  return limits;
}

inline constexpr std::size_t kReadBufferBytes = 256 * kKiB;    // above what a Unix socket holds (208 KiB): one recvmsg empties it
inline constexpr std::size_t kKeptBufferBytes = 64 * kKiB;     // a recycled buffer that grew larger is given back to the allocator
inline constexpr std::size_t kKeptBuffers = 64;                // as many as a turn usually needs; idle connections hold none
inline constexpr unsigned kAnswersInTheMaking = 4;             // large ones of one connection, being read from the store; the rest waits
inline constexpr std::size_t kAcceptBatch = 64;                // connections accepted per wake, so that a flood cannot starve the others
inline constexpr std::size_t kHandlersPerTurn = 256;           // wakes served before a turn ends: commits and answers must leave under load
inline constexpr std::chrono::seconds kComplaintInterval{1};   // a flood must not become a flood of log lines
inline constexpr std::chrono::milliseconds kAcceptPause{100};  // after "no descriptors left": the backlog keeps who waits meanwhile

}  // namespace jobpool::broker
