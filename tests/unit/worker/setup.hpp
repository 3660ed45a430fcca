// What a command runner needs around it: an output folder, the two sockets with their far ends, a worker's name. For the worker's tests.
// The test's process plays the worker: it becomes a child subreaper, and must have no other children while a command runs.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "common/control/order.hpp"
#include "common/socket.hpp"
#include "daemon/worker/command/command_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::worker {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  UniqueFd reading, writing;
};

// Everything up to the end of input: returns only when nobody holds the other end any more.
inline std::string read_to_end(int fd) {
  std::string text;
  char piece[4096];
  for (ssize_t size; (size = ::read(fd, piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(size));
  return text;
}

inline std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

inline CommandSpec command(std::vector<std::string> argv) {
  CommandSpec spec;
  spec.argv = std::move(argv);
  spec.pool = "default";
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}

class Setup {
 public:
  explicit Setup(std::unique_ptr<ProcessTree> tree = make_subreaper_tree(), std::uint64_t output_limit = OutputBound::kNoLimit)
      : orders_socket_(pair()), supervisor_(pair()) {
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    output_dir_.reset(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    orders_.emplace(orders_socket_.first.get());
    auto runner = CommandRunner::create({worker_, *orders_, supervisor_.first.get(), output_dir_.get(), output_limit}, std::move(tree));
    REQUIRE(runner);
    runner_.emplace(std::move(*runner));
  }

  CommandRunner::Ended run(const CommandSpec& spec, std::vector<UniqueFd> passed = {}) {
    started_pid = 0;
    return runner_->run(attempt, spec, std::move(passed), [this](pid_t pid) { started_pid = pid; });
  }

  // With stdout kept in a pipe; `out` is what came through it until every process that could write there was gone.
  CommandRunner::Ended run(CommandSpec spec, std::string& out) {
    Pipe pipe;
    spec.passes_stdout = true;
    std::vector<UniqueFd> passed;
    passed.push_back(std::move(pipe.writing));
    CommandRunner::Ended ended = run(spec, std::move(passed));
    out = read_to_end(pipe.reading.get());
    return ended;
  }

  void order(control::OrderKind kind, std::int64_t usec = 0, int value = 0) { order_to(attempt.sequence, kind, usec, value); }
  void order_to(Sequence sequence, control::OrderKind kind, std::int64_t usec = 0, int value = 0) {
    control::Order order;
    order.kind = kind;
    order.sequence = sequence;
    order.usec = usec;
    order.value = value;
    REQUIRE(control::send_order(orders_socket_.second.get(), order));
  }

  void hang_up_supervisor() { supervisor_.second.reset(); }
  // As at the worker's end.
  void end_runner() { runner_.reset(); }
  std::string file(const std::string& name) const { return dir_.file(name); }
  std::string out() const { return content_of(file("7.1.out")); }
  std::string err() const { return content_of(file("7.1.err")); }
  Orders& orders() { return *orders_; }
  int orders_far_end() const { return orders_socket_.second.get(); }

  Attempt attempt{Sequence{41}, JobId{7}, 1};
  pid_t started_pid = 0;

 private:
  static SocketPair pair() {
    auto made = seqpacket_pair();
    REQUIRE(made);
    return std::move(*made);
  }

  testing::TempDir dir_;
  UniqueFd output_dir_;
  SocketPair orders_socket_, supervisor_;
  WorkerIdentity worker_{WorkerNumber{3}, "instance-of-the-test", "/run/jobpool/test"};
  std::optional<Orders> orders_;
  std::optional<CommandRunner> runner_;
};

// Plays the broker beside a running command: acts once the command has written its first line. The thread takes no signals, as if it
// were not in this process.
class Bystander {
 public:
  template <class Action>
  Bystander(int stdout_of_command, Action action) {
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this, stdout_of_command, action] {
      char octet = 0;
      while (octet != '\n' && ::read(stdout_of_command, &octet, 1) == 1) {
      }
      saw_line_ = octet == '\n';
      action();
      rest_ = read_to_end(stdout_of_command);
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  // What came after the first line. Returns when every writer is gone.
  std::string rest() {
    thread_.join();
    CHECK(saw_line_);
    return rest_;
  }
  ~Bystander() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
  bool saw_line_ = false;
  std::string rest_;
};

}  // namespace jobpool::worker
