// The whole program, started as the supervisor does it, with the test as its broker.
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <map>

#include "common/control/arguments.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

constexpr int kPatienceMs = 60'000;

SocketPair make_pair() {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  return std::move(*pair);
}

std::string array_of(const std::string& value) {
  std::string text = "[";
  return text.append(value).append("]");
}

class LiveWorker {
 public:
  explicit LiveWorker(std::vector<std::string> more_arguments = {}) : orders_(make_pair()), supervisor_(make_pair()) {
    auto fds = shm::create_segment();
    REQUIRE(fds);
    fds_ = std::move(*fds);
    auto side = shm::OfferSide::map(fds_, shm::OfferSide::Origin::fresh);
    REQUIRE(side);
    side_.emplace(std::move(*side));
    output_dir_.reset(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    start(std::move(more_arguments));
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
  Sequence offer_function(const std::string& name, const std::string& arguments) {
    return offer(shm::JobKind::function, encode_function(name, "default", arguments));
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
  Report run_function(const std::string& name, const std::string& arguments = "[]") {
    const Sequence sequence = offer_function(name, arguments);
    ring();
    return wait_for(sequence);
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

  void hang_up() {
    supervisor_.second.reset();
    orders_.second.reset();
  }
  shm::OfferSide& side() { return *side_; }
  pid_t pid() const { return pid_; }
  std::string file(const std::string& name) const { return dir_.file(name); }
  int starts() const { return starts_; }

 private:
  void start(std::vector<std::string> more_arguments) {
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
    std::vector<std::string> words{WORKER_PROGRAM, "--number", "1",  "--incarnation", "1",  "--instance",
                                   "test",         "--socket", "/s", "--log-level",   "off"};
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
    reports_[frame.sequence] = *report;
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

TEST_CASE("a worker runs functions one after the other, asleep or not") {
  LiveWorker worker;
  for (int i = 0; i < 100; ++i) CHECK(worker.run_function("square", array_of(std::to_string(i))).result == std::to_string(i * i));
  std::vector<Sequence> sequences;
  for (int i = 0; i < 8; ++i) sequences.push_back(worker.offer_function("echo", array_of(std::to_string(i))));
  worker.ring();
  for (int i = 0; i < 8; ++i) CHECK(worker.wait_for(sequences[static_cast<std::size_t>(i)]).result == std::to_string(i));
  CHECK(worker.starts() == 108);
}

TEST_CASE("a large result is streamed and arrives whole") {
  LiveWorker worker;
  std::string value(3'000'000, 'x');
  value.front() = value.back() = '"';
  const Report report = worker.run_function("echo", array_of(value));
  CHECK(report.streamed);
  CHECK(report.result == value);
  CHECK(worker.run_function("noop").result == "null");
}

TEST_CASE("a worker runs a command with passed descriptors that came before the offer") {
  LiveWorker worker;
  REQUIRE(worker.run_function("noop").result == "null");
  Pipe pipe;
  CommandSpec spec = command({"sh", "-c", "echo $JOBPOOL_JOB_ID"});
  spec.passes_stdout = true;
  const Sequence next{2};
  worker.order(control::OrderKind::descriptors, next, {pipe.writing.get()});
  pipe.writing.reset();
  REQUIRE(worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors) == next);
  worker.ring();
  const Report report = worker.wait_for(next);
  CHECK(report.ending == Ending::exited);
  CHECK(report.code == 0);
  CHECK(read_to_end(pipe.reading.get()) == "2\n");
}

TEST_CASE("descriptors of an offer that is revoked are closed by a worker that sleeps") {
  LiveWorker worker;
  Pipe pipe, never;
  // Held up by a job, the worker cannot have claimed the second when it is revoked.
  CommandSpec holding = command({"cat"});
  holding.passes_stdin = true;
  worker.order(control::OrderKind::descriptors, Sequence{1}, {never.reading.get()});
  const Sequence first = worker.offer(shm::JobKind::command, encode_spec(holding), shm::kHasDescriptors);
  REQUIRE(first == Sequence{1});
  worker.order(control::OrderKind::descriptors, Sequence{2}, {pipe.writing.get()});
  const Sequence second = worker.offer(shm::JobKind::command, encode_spec(holding), shm::kHasDescriptors);
  REQUIRE(worker.side().revoke(second));
  worker.side().release(second);
  worker.ring();
  never.writing.reset();
  CHECK(worker.wait_for(first).code == 0);
  pipe.writing.reset();
  CHECK(read_to_end(pipe.reading.get()).empty());
}

TEST_CASE("a command whose descriptors never come is not started, and the worker goes on") {
  LiveWorker worker;
  CommandSpec spec = command({"true"});
  spec.passes_stdin = true;
  const Sequence sequence = worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors);
  worker.ring();
  const Report report = worker.wait_for(sequence);
  CHECK(report.ending == Ending::not_started);
  CHECK(report.code == 125);
  CHECK(worker.run_function("noop").result == "null");
}

TEST_CASE("payloads that are off end their jobs, not the worker") {
  LiveWorker worker;
  for (const auto kind : {shm::JobKind::command, shm::JobKind::function}) {
    for (const std::string& payload : {std::string("nonsense"), std::string(), encode_function("noop", "p", "[]").substr(0, 5)}) {
      const Sequence sequence = worker.offer(kind, payload);
      worker.ring();
      CHECK(worker.wait_for(sequence).ending == Ending::not_started);
    }
  }
  CHECK(worker.run_function("noop").result == "null");
}

TEST_CASE("an order to leave reaches a worker that sleeps, and it exits with 0") {
  LiveWorker worker;
  worker.order(control::OrderKind::leave);
  worker.ring();
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("an order to leave is never slept through, whenever it comes") {
  for (int round = 0; round < 50; ++round) {
    LiveWorker worker;
    CHECK(worker.run_function("noop").result == "null");  // it goes to sleep about now
    worker.order(control::OrderKind::leave);
    worker.ring();
    CHECK(worker.wait_for_exit() == 0);
  }
}

TEST_CASE("the supervisor's hang-up ends a worker that waits for a command, and the command's tree with it") {
  LiveWorker worker;
  Pipe pipe;
  CommandSpec spec = command({HOSTILE_PROGRAM, "ignore_term"});
  spec.passes_stdout = true;
  worker.order(control::OrderKind::descriptors, Sequence{1}, {pipe.writing.get()});
  pipe.writing.reset();
  worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors);
  worker.ring();
  Bystander bystander(pipe.reading.get(), [&] { worker.hang_up(); });
  const int status = worker.wait_for_exit();
  CHECK(bystander.rest().empty());
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
}

TEST_CASE("a worker started without a supervisor leaves at once") {
  LiveWorker worker;
  worker.hang_up();
  worker.ring();
  CHECK(worker.wait_for_exit() != 0);
}

TEST_CASE("a function that calls exit ends its worker only, with its own status, and reports nothing") {
  LiveWorker worker;
  worker.offer_function("exit", "[17]");
  worker.ring();
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 17);
  int fins = 0;
  REQUIRE(worker.side().drain([&](const shm::Frame& frame) { fins += frame.type == shm::FrameType::fin; }));
  CHECK(fins == 0);
}

TEST_CASE("a function that crashes takes its worker with it") {
  LiveWorker worker;
  worker.offer_function("crash", "[]");
  worker.ring();
  CHECK(WTERMSIG(worker.wait_for_exit()) == SIGSEGV);
}

TEST_CASE("signals that a terminal sends to everybody do not end a worker") {
  LiveWorker worker;
  REQUIRE(worker.run_function("noop").result == "null");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) REQUIRE(::kill(worker.pid(), signal) == 0);
  CHECK(worker.run_function("square", "[5]").result == "25");
}

TEST_CASE("a worker loads the plugins of the directories it is given") {
  LiveWorker worker({"--plugin-dir", std::filesystem::path(C_PLUGIN).parent_path()});
  CHECK(worker.run_function("length", "[]").result == "2");
  CHECK(worker.run_function("no_such").reason.find(std::filesystem::path(C_PLUGIN).parent_path()) != std::string::npos);
}

}  // namespace
}  // namespace jobpool::worker
