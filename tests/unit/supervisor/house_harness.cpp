// Starting the real jobpoold, playing its broker over a control socket, and counting what is left when it has gone.
#include "tests/unit/supervisor/house_harness.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "common/socket.hpp"
#include "daemon/supervisor/process_scan.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::test {
namespace {

constexpr int kDeadlineMs = 30000;  // for a machine that is busy with other tests under a sanitizer

bool wait_readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, kDeadlineMs) == 1;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

int exit_code_of(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

Broker::Broker(UniqueFd socket) : socket_(std::move(socket)) {
  ucred peer{};
  socklen_t size = sizeof peer;
  REQUIRE(::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
  pid = peer.pid;
  REQUIRE(wait_readable(socket_.get()));
  std::array<char, 8192> buffer{};
  auto received = receive_message(socket_.get(), std::as_writable_bytes(std::span(buffer)));
  REQUIRE(received);
  std::istringstream lines(std::string(buffer.data(), received->size));
  for (std::string line; std::getline(lines, line);) arguments.push_back(line);
}

control::Envelope Broker::next() {
  REQUIRE(wait_readable(socket_.get()));
  auto envelope = control::receive(socket_.get());
  REQUIRE(envelope);
  return std::move(*envelope);
}

control::Envelope Broker::expect(control::Kind kind) {
  auto envelope = next();
  REQUIRE(static_cast<int>(envelope.message.kind) == static_cast<int>(kind));
  return envelope;
}

void Broker::expect_empty_handover() {
  expect(control::Kind::welcome);
  expect(control::Kind::handover_done);
}

void Broker::say(const control::Message& message) { REQUIRE(control::send(socket_.get(), message)); }

void Broker::say(control::Kind kind, std::int32_t value) {
  control::Message message;
  message.kind = kind;
  message.value = value;
  say(message);
}

void Broker::start_worker(std::uint32_t number, std::int32_t threads) {
  control::Message message;
  message.kind = control::Kind::start_worker;
  message.value = threads;
  message.number = WorkerNumber{number};
  say(message);
}

void Broker::forget(Incarnation incarnation) {
  control::Message message;
  message.kind = control::Kind::forget_worker;
  message.incarnation = incarnation;
  say(message);
}

void Broker::kill_worker(Incarnation incarnation) {
  control::Message message;
  message.kind = control::Kind::kill_worker;
  message.incarnation = incarnation;
  say(message);
}

void Broker::die() const { REQUIRE(::kill(pid, SIGKILL) == 0); }
void Broker::exit_with(int code) { say(control::Kind::stop_now, code); }
void Broker::read_no_more() { say(control::Kind::handover_done); }

void Broker::expect_end() {
  for (;;) {
    REQUIRE(wait_readable(socket_.get()));
    auto envelope = control::receive(socket_.get());
    if (!envelope && envelope.error().code == Errc::closed) return;
    REQUIRE(envelope);
  }
}

Worker start_worker(Broker& broker, std::uint32_t number) {
  broker.start_worker(number);
  return Worker(broker.expect(control::Kind::worker_started));
}

Worker::Worker(control::Envelope started)
    : incarnation(started.message.incarnation),
      number(started.message.number.value),
      pid(started.message.pid),
      fds(std::move(started.fds)) {
  REQUIRE(static_cast<int>(started.message.kind) == static_cast<int>(control::Kind::worker_started));
}

void Worker::order(control::OrderKind kind, std::int32_t value) const {
  control::Order order;
  order.kind = kind;
  order.value = value;
  REQUIRE(control::send_order(fds.at(5).get(), order));
}

control::Order Worker::answer() const {
  REQUIRE(wait_readable(fds.at(5).get()));
  auto order = control::receive_order(fds.at(5).get());
  REQUIRE(order);
  return order->order;
}

void Worker::leave_behind(int count) const {
  order(control::OrderKind::signal, count);
  REQUIRE(answer().value > 0);
}

bool Worker::is_zombie_or_gone() const {
  const auto status = supervisor::process_status(pid);
  return !status || status->state == 'Z';
}

House::House(std::vector<std::string> arguments, std::string prefix)
    : state_dir_(dir_ / "state"),
      socket_(dir_ / "run/socket"),
      programs_(dir_ / "programs"),
      arguments_(std::move(arguments)),
      prefix_(std::move(prefix)) {
  std::filesystem::create_directory(programs_);
  for (const char* fake : {"jobpool-broker", "jobpool-worker"})
    std::filesystem::create_symlink(FAKES + ("/" + std::string(fake)), programs_ + "/" + fake);
  std::filesystem::create_symlink(JOBPOOLD, installed_program());
  brokers_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(dir_ / "brokers");
  REQUIRE(::bind(brokers_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(brokers_.get(), 16) == 0);
  start_again();
}

House::~House() {
  if (pid_ == 0) return;
  const std::string left = instance();
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  for (const pid_t pid : processes_of(left)) ::kill(pid, SIGKILL);
}

void House::start_again() {
  pid_ = spawn(arguments_, dir_ / "log");
  process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

pid_t House::spawn(const std::vector<std::string>& arguments, const std::string& log) const {
  std::string script = "export JOBPOOLD='" JOBPOOLD "' JOBPOOLD_SPARE_WORKERS=0 JOBPOOL_TEST_BROKER='" + (dir_ / "brokers") + "'; " +
                       prefix_ + " \"$@\" 2>>'" + log + "'";
  std::vector<std::string> words{"sh",          "-c",       script,     "jobpoold", JOBPOOLD,      "--program-dir", programs_,
                                 "--state-dir", state_dir_, "--socket", socket_,    "--log-level", "debug"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, pointers.data(), environ) == 0);
  return pid;
}

void House::install(const std::string& script) const { install("jobpoold", script); }

void House::install(const std::string& name, const std::string& script) const {
  const std::string path = programs_ + "/" + name;
  std::filesystem::remove(path);
  std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

std::size_t House::open_descriptors() const {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::string House::log() const { return read_file(dir_ / "log"); }

Broker House::next_broker() {
  INFO(log());
  REQUIRE(wait_readable(brokers_.get()));
  UniqueFd socket(::accept4(brokers_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(socket);
  return Broker(std::move(socket));
}

void House::signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

int House::wait() {
  INFO(log());
  REQUIRE(wait_readable(process_.get()));
  return exit_code_of(std::exchange(pid_, 0));
}

int House::run_beside(const std::vector<std::string>& arguments, std::string& said) const {
  const int code = exit_code_of(spawn(arguments, dir_ / "log2"));
  said = read_file(dir_ / "log2");
  return code;
}

std::string House::instance() const {
  std::istringstream words(read_file(state_dir_ + "/instance"));
  std::string magic, version, id;
  words >> magic >> version >> id;
  return id;
}

std::vector<pid_t> House::processes_of(const std::string& instance) {
  if (instance.empty()) return {};
  return supervisor::processes_with_environment("JOBPOOL_INSTANCE=" + instance);
}

ino_t inode_of(const UniqueFd& fd) {
  struct stat status {};
  REQUIRE(::fstat(fd.get(), &status) == 0);
  return status.st_ino;
}

std::string value_of(const std::vector<std::string>& words, const std::string& option) {
  const auto found = std::find(words.begin(), words.end(), option);
  REQUIRE(words.end() - found > 1);
  return *(found + 1);
}

}  // namespace jobpool::test
