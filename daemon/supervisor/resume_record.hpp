// What a supervisor tells its successor in the same process: everything that is not in the kernel's hands, and the numbers of the
// descriptors that are. A value and its text; it owns nothing. jobpoold, at a reload.
//
//   jobpool-resume 4 layout <of the workers' segments> ledger <of the ledger>
//   invocation "<working directory>" "<program>" <soft limit of open files>
//   settings "<socket>" "<state dir>" <workers> "<log level>" <drain seconds> "<program dir>" <n> "<plugin dir>"…
//   instance <id> <boot id> <pid> <start time> <since>
//   listener <1: activated> <device> <inode> <n> <fd>…
//   held <state dir fd> <lock fd> <output dir fd> <ledger fd>
//   broker <started so far> <reloads> <failed reloads>
//   cgroup "<the instance's; empty: it has none>"
//   workers <last incarnation> <n>
//   worker <incarnation> <number> <pid> <state> <code> <value> <process fd> <liveness fd> <orders fd> <five segment fds> <note>
//   spared <n> <pid>…
//   end
//
// Limits and the access group are not in it: the successor reads them anew. Where it cannot, they are what holds without a configuration,
// which lets nobody in who was not let in before. Version 3 had one number for both layouts. Version 2 had no counts of reloads and no
// cgroup. Version 1 had no notes; it went with an earlier layout, so that nobody needs to read it. A program reads every version that a
// daemon may still run with, and writes the newest. The layouts are shm::kLayoutVersion and shm::kLedgerVersion, of the memory that
// outlives a broker. A program that has another layout of segments takes over when no worker is left that has one (needs_drain), and one
// that has another layout of the ledger never.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/shm/layout.hpp"
#include "daemon/supervisor/instance.hpp"
#include "daemon/supervisor/settings.hpp"

namespace jobpool::supervisor {

// How jobpoold was started; its arguments travel as arguments.
struct Invocation {
  std::string directory;  // relative paths of the command line are meant from here
  std::string program;    // its own file's path at start; another file may be there now
  std::uint64_t file_limit = 0;
};

struct ListenerRecord {
  bool activated = false;
  std::uint64_t device = 0, inode = 0;
  std::vector<int> sockets;
};

struct WorkerRecord {
  enum class State { alive = 0, dying = 1, buried = 2 };
  Incarnation incarnation;
  WorkerNumber number;
  pid_t pid = 0;
  State state = State::alive;
  std::int32_t code = 0, value = 0;
  int process = -1, liveness = -1, orders = -1;    // −1: none
  std::array<int, 5> segment{-1, -1, -1, -1, -1};  // in the order of shm::SegmentFds
  std::int64_t note = 0;                           // the broker's
};

struct WorkersRecord {
  Incarnation last;
  std::vector<WorkerRecord> workers;  // ascending
  std::vector<pid_t> spared;          // children that were there before the first supervisor
};

struct ResumeRecord {
  std::uint32_t segment_layout = shm::kLayoutVersion;
  Invocation invocation;
  Settings settings;
  Instance instance;
  ListenerRecord listener;
  int state_dir = -1, state_lock = -1, output_dir = -1, ledger = -1;
  History history;
  WorkersRecord workers;
};

std::string to_text(const ResumeRecord& record);
// Errors: unsupported: another version, or another layout of the ledger; protocol: not such a text.
Result<ResumeRecord> resume_record_from(std::string_view text);

// There are workers whose segments this program cannot read: they must have ended before it takes over.
bool needs_drain(const ResumeRecord& record);

// All descriptors it names.
std::vector<int> descriptors_of(const ResumeRecord& record);

}  // namespace jobpool::supervisor
