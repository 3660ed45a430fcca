// A real jobpoold between a fake broker, which is the test itself, and fake workers, in a temporary directory.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/control/message.hpp"
#include "common/control/order.hpp"
#include "common/unique_fd.hpp"
#include "tests/unit/supervisor/temporary_dir.hpp"

namespace jobpool::test {

// One life of the fake broker, as the test holds it. Every wait fails the test after a deadline.
class Broker {
 public:
  explicit Broker(UniqueFd socket);

  std::vector<std::string> arguments;
  pid_t pid = 0;

  // The next message of the supervisor.
  control::Envelope next();
  // The next one; fails the test if it is of another kind.
  control::Envelope expect(control::Kind kind);
  // welcome and handover_done, with nothing between.
  void expect_empty_handover();
  void say(const control::Message& message);
  void say(control::Kind kind, std::int32_t value = 0);
  void start_worker(std::uint32_t number, std::int32_t threads = 1);
  void forget(Incarnation incarnation);
  void kill_worker(Incarnation incarnation);

  void die() const;  // by SIGKILL
  void exit_with(int code);
  void read_no_more();
  // Waits until the fake broker is gone.
  void expect_end();

 private:
  UniqueFd socket_;
};

// A worker as the broker sees it.
struct Worker {
  explicit Worker(control::Envelope started);
  Incarnation incarnation;
  std::uint32_t number;
  pid_t pid;
  std::vector<UniqueFd> fds;

  void order(control::OrderKind kind, std::int32_t value = 0) const;
  control::Order answer() const;
  // Has it start so many processes that outlive it.
  void leave_behind(int count) const;
  bool is_zombie_or_gone() const;
};

// Asked for and come.
Worker start_worker(Broker& broker, std::uint32_t number = 1);

class House {
 public:
  // `prefix`: shell words before jobpoold's own, e.g. variables to set. `arguments`: after the usual ones. It keeps no spare workers, so
  // that its processes can be counted; JOBPOOLD_SPARE_WORKERS says how many else.
  explicit House(std::vector<std::string> arguments = {}, std::string prefix = "exec");
  ~House();

  const std::string& state_dir() const { return state_dir_; }
  const std::string& socket() const { return socket_; }
  std::string file(const std::string& name) const { return dir_ / name; }
  pid_t pid() const { return pid_; }
  std::string log() const;

  Broker next_broker();
  void signal(int number) const;
  // Waits for jobpoold's end. Returns its exit code, or minus the signal.
  int wait();
  // Starts another jobpoold on the same directories, after the first has ended.
  void start_again();
  // A second one beside the first; waits for its end.
  int run_beside(const std::vector<std::string>& arguments, std::string& said) const;

  // Puts a shell script in the place of the installed jobpoold; $JOBPOOLD is the real one.
  void install(const std::string& script) const;
  std::string installed_program() const { return programs_ + "/jobpoold"; }
  // The same for the broker's or the worker's program, by its name.
  void install(const std::string& name, const std::string& script) const;
  // How many descriptors jobpoold has open.
  std::size_t open_descriptors() const;

  std::string instance() const;
  // Processes of an instance that are alive.
  static std::vector<pid_t> processes_of(const std::string& instance);

 private:
  pid_t spawn(const std::vector<std::string>& arguments, const std::string& log) const;

  TemporaryDir dir_;
  std::string state_dir_;
  std::string socket_;
  std::string programs_;
  std::vector<std::string> arguments_;
  std::string prefix_;
  UniqueFd brokers_;  // where fake brokers connect to
  pid_t pid_ = 0;
  UniqueFd process_;
};

// The same file, through whichever descriptor.
ino_t inode_of(const UniqueFd& fd);
// What follows an option of a program's arguments; fails the test where nothing does.
std::string value_of(const std::vector<std::string>& words, const std::string& option);

}  // namespace jobpool::test
