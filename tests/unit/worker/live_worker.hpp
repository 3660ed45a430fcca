// The whole program, started as the supervisor does it, with the test as its broker.
#pragma once

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <fstream>
#include <map>

#include "common/control/arguments.hpp"
#include "common/control/place.hpp"
#include "common/job/setup.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {

inline constexpr int kPatienceMs = 60'000;

inline SocketPair make_pair() {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  return std::move(*pair);
}

class LiveWorker {
 public:
  enum class Place { known, awaited };  // awaited: a spare worker's

  explicit LiveWorker(std::vector<std::string> more_arguments = {}, std::uint32_t threads = 1, Place place = Place::known)
      : orders_(make_pair()), supervisor_(make_pair()) {
    auto fds = shm::create_segment(threads);
    REQUIRE(fds);
    fds_ = std::move(*fds);
    auto side = shm::OfferSide::map(fds_, shm::OfferSide::Origin::fresh);
    REQUIRE(side);
    side_.emplace(std::move(*side));
    output_dir_.reset(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    start(std::move(more_arguments), place);
  }
  ~LiveWorker() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  LiveWorker(const LiveWorker&) = delete;
  LiveWorker& operator=(const LiveWorker&) = delete;

  Sequence offer(shm::JobKind kind, const std::string& payload, std::uint32_t flags = 0) {
    const auto sequence = side_->offer({.job = JobId{++last_job_}, .kind = kind, .flags = flags, .payload = payload});
    REQUIRE(sequence);
    return *sequence;
  }
  Sequence offer_function(const std::string& name, const std::string& arguments, FunctionShape shape = FunctionShape::call) {
    return offer(shm::JobKind::function, encode_function(name, "default", arguments, shape));
  }
  void ring() { side_->ring(); }

  // Drains until that job's FIN is there. A streamed result is put together.
  Report wait_for(Sequence sequence) {
    for (;;) {
      REQUIRE(side_->drain([this](const shm::Frame& frame) { take(frame); }));
      side_->acknowledge();
      if (const auto found = reports_.find(sequence); found != reports_.end()) {
        side_->release(sequence);
        return found->second;
      }
      if (!side_->prepare_to_sleep()) {
        side_->wake_up();
        continue;
      }
      pollfd news{fds_.eventfd.get(), POLLIN, 0};
      REQUIRE(::poll(&news, 1, kPatienceMs) == 1);
      side_->wake_up();
      eventfd_t count;
      ::eventfd_read(fds_.eventfd.get(), &count);
    }
  }
  // Until so many jobs of it have begun. A START rings no bell.
  void wait_for_starts(int count) {
    REQUIRE(testing::wait_until([&] {
      const auto drained = side_->drain([this](const shm::Frame& frame) { take(frame); });
      side_->acknowledge();
      return drained && starts_ >= count;
    }));
  }
  Report run_function(const std::string& name, const std::string& arguments = "[]") {
    const Sequence sequence = offer_function(name, arguments);
    ring();
    return wait_for(sequence);
  }

  // As a pool's initializer, which ends well.
  void initialize(const std::string& function, const std::string& arguments = "[]") {
    WorkerSetup setup;
    setup.function = function;
    setup.pool = "p";
    setup.arguments = arguments;
    const Sequence sequence = offer(shm::JobKind::setup, std::string(encode_setup(setup)));
    ring();
    REQUIRE(wait_for(sequence).ending == Ending::returned);
  }

  void order(control::OrderKind kind, Sequence sequence = {}, const std::vector<int>& fds = {}) {
    control::Order order;
    order.kind = kind;
    order.sequence = sequence;
    REQUIRE(control::send_order(orders_.second.get(), order, fds));
  }

  // The worker's end, as waitpid tells it; a deadline in place of a hung test.
  int wait_for_exit() {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd end{pidfd.get(), POLLIN, 0};
    REQUIRE(::poll(&end, 1, kPatienceMs) == 1);
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return status;
  }

  void say_place(const std::vector<std::string>& words) { REQUIRE(control::send_place(supervisor_.second.get(), words)); }
  // As the kernel has it: at most 15 bytes.
  std::string name() const {
    std::string name;
    std::getline(std::ifstream("/proc/" + std::to_string(pid_) + "/comm"), name);
    return name;
  }
  void hang_up() {
    supervisor_.second.reset();
    orders_.second.reset();
  }
  shm::OfferSide& side() { return *side_; }
  pid_t pid() const { return pid_; }
  std::string file(const std::string& name) const { return dir_.file(name); }
  int starts() const { return starts_; }

 private:
  void start(std::vector<std::string> more_arguments, Place its_place) {
    auto worker_fds = shm::reopen_for_worker(fds_);
    REQUIRE(worker_fds);
    const std::pair<int, int> places[] = {{worker_fds->control.get(), control::kWorkerControlMemFd},
                                          {worker_fds->to_worker.get(), control::kWorkerToWorkerMemFd},
                                          {worker_fds->from_worker.get(), control::kWorkerFromWorkerMemFd},
                                          {worker_fds->payload.get(), control::kWorkerPayloadMemFd},
                                          {worker_fds->eventfd.get(), control::kWorkerEventFd},
                                          {supervisor_.first.get(), control::kWorkerSupervisorFd},
                                          {orders_.first.get(), control::kWorkerOrdersFd},
                                          {output_dir_.get(), control::kWorkerOutputDirFd}};
    constexpr int kAboveAll = 100;  // first out of the way, since the numbers overlap
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (const auto& [fd, place] : places) ::posix_spawn_file_actions_adddup2(&actions, fd, kAboveAll + place);
    for (const auto& [fd, place] : places) ::posix_spawn_file_actions_adddup2(&actions, kAboveAll + place, place);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, kAboveAll);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    std::vector<std::string> words{WORKER_PROGRAM, "--instance", "test", "--socket", "/s", "--log-level", "off"};
    if (its_place == Place::known) words.insert(words.end(), {"--number", "1", "--incarnation", "1"});
    words.insert(words.end(), more_arguments.begin(), more_arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, WORKER_PROGRAM, &actions, nullptr, argv.data(), environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    supervisor_.first.reset();
    orders_.first.reset();
  }

  void take(const shm::Frame& frame) {
    if (frame.type == shm::FrameType::start) ++starts_;
    if (frame.type == shm::FrameType::data)
      streamed_[frame.sequence].append(reinterpret_cast<const char*>(frame.body.data()) + sizeof(shm::DataHeader),
                                       frame.body.size() - sizeof(shm::DataHeader));
    if (frame.type != shm::FrameType::fin) return;
    const auto report = decode_report(frame.body);
    REQUIRE(report);
    reports_[frame.sequence] = with_texts<std::string>(*report);
    if (report->streamed) reports_[frame.sequence].result = streamed_[frame.sequence];
  }

  testing::TempDir dir_;
  UniqueFd output_dir_;
  SocketPair orders_, supervisor_;
  shm::SegmentFds fds_;
  std::optional<shm::OfferSide> side_;
  pid_t pid_ = -1;
  std::uint64_t last_job_ = 0;
  int starts_ = 0;
  std::map<Sequence, Report> reports_;
  std::map<Sequence, std::string> streamed_;
};

}  // namespace jobpool::worker
