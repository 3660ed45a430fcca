// A reload to a program that lays out shared memory otherwise: the workers finish first, by the programs that they know.
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "common/exit_status.hpp"
#include "daemon/supervisor/reexec.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using control::OrderKind;
using test::Broker;
using test::House;
using test::start_worker;
using test::Worker;

namespace {

// Says of workers that it cannot read their memory, and is the real one else.
const std::string kOtherLayout = R"(case "$*" in *--check-config*) grep -q '^worker ' /dev/fd/3 && exit 80;; esac
exec "$JOBPOOLD" "$@")";

bool has_been_reloaded(const House& house) { return house.log().find("reloaded; instance") != std::string::npos; }

void expect_retirement(Broker& broker, const Worker& worker) {
  CHECK(broker.expect(Kind::retire_worker).message.incarnation == worker.incarnation);
}

// As a broker does it, when the worker has done what it has: it dies, another is wanted in its place, and its memory is judged.
void leave(Broker& broker, const Worker& worker) {
  worker.order(OrderKind::leave);
  CHECK(broker.expect(Kind::worker_died).message.incarnation == worker.incarnation);
  broker.start_worker(worker.number);
  broker.forget(worker.incarnation);
}

}  // namespace

TEST_CASE("a program of another layout takes over when every worker has left, and none is started before") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker one = start_worker(first, 1), two = start_worker(first, 2);
  house.install(kOtherLayout);
  house.signal(SIGHUP);
  expect_retirement(first, one);
  expect_retirement(first, two);
  leave(first, one);
  CHECK(!has_been_reloaded(house));
  leave(first, two);  // worker_started would have come before its death
  first.expect_end();
  auto second = house.next_broker();
  second.expect_empty_handover();
  CHECK(has_been_reloaded(house));
  CHECK(start_worker(second, 1).incarnation.value == two.incarnation.value + 1);
}

TEST_CASE("while a program is tried that is told of no worker none is started, but afterwards") {
  // The bug: one that was started meanwhile was news to a program of another layout, which ended when it took over, and the daemon with it.
  const auto [verdict, is_refused] = GENERATE(table<std::string, bool>({{"exec \"$JOBPOOLD\" \"$@\"", false}, {"exit 3", true}}));
  House house;
  const std::string looking = house.installed_program() + ".looking", enough = house.installed_program() + ".enough";
  auto first = house.next_broker();
  first.expect_empty_handover();
  house.install("case \"$*\" in *--check-config*) touch '" + looking + "'; while [ ! -e '" + enough + "' ]; do sleep 0.01; done; " +
                verdict + ";; esac\nexec \"$JOBPOOLD\" \"$@\"");
  house.signal(SIGHUP);
  REQUIRE(testing::wait_until([&] { return std::filesystem::exists(looking); }));
  first.start_worker(1);
  first.start_worker(0);  // that it is refused tells that the one before was heard
  REQUIRE(testing::wait_until([&] { return house.log().find("a worker 0 that cannot be") != std::string::npos; }));
  std::ofstream{enough};
  if (is_refused) {
    first.expect(Kind::reload_refused);
    CHECK(Worker(first.expect(Kind::worker_started)).number == 1);
    return;
  }
  first.expect_end();
  auto second = house.next_broker();
  second.expect_empty_handover();
  CHECK(has_been_reloaded(house));
  start_worker(second, 1);
}

TEST_CASE("a broker that comes while a reload waits for workers is told which") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.say(Kind::ready);
  const Worker worker = start_worker(first, 1);
  house.install(kOtherLayout);
  house.signal(SIGHUP);
  expect_retirement(first, worker);
  first.die();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(second.expect(Kind::worker_started).message.value == static_cast<int>(control::Origin::older_program));
  second.expect(Kind::handover_done);
  expect_retirement(second, worker);
  CHECK(!has_been_reloaded(house));
  leave(second, worker);
  second.expect_end();
  house.next_broker().expect_empty_handover();
  CHECK(has_been_reloaded(house));
}

TEST_CASE("a reload that is refused while it waits for workers starts those that were held back") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker one = start_worker(broker, 1), two = start_worker(broker, 2);
  house.install(kOtherLayout);
  house.signal(SIGHUP);
  expect_retirement(broker, one);
  expect_retirement(broker, two);
  leave(broker, one);
  house.install("exit 3");
  house.signal(SIGHUP);
  broker.expect(Kind::reload_refused);
  CHECK(Worker(broker.expect(Kind::worker_started)).number == 1);
  CHECK(!two.is_zombie_or_gone());
  CHECK(!has_been_reloaded(house));
}

TEST_CASE("a reload whose trial cannot be started, while another waits for workers, is over") {
  // The bug: it was said to be given up, and was not: the next broker was told again that its workers are to leave.
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.say(Kind::ready);
  const Worker worker = start_worker(first, 1);
  house.install(kOtherLayout);
  house.signal(SIGHUP);
  expect_retirement(first, worker);
  std::filesystem::permissions(house.installed_program(), std::filesystem::perms::owner_read);
  house.signal(SIGHUP);
  first.expect(Kind::reload_refused);
  first.die();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(Worker(second.expect(Kind::worker_started)).incarnation == worker.incarnation);
  second.expect(Kind::handover_done);
  second.say(Kind::ready);
  start_worker(second, 2);  // no retirement comes before it, and nothing is held back
}

// It was tried again at once, for ever.
TEST_CASE("a program that waits for workers where there are none is refused") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 1);
  house.install("exit 80");
  house.signal(SIGHUP);
  expect_retirement(broker, worker);
  leave(broker, worker);
  broker.expect(Kind::reload_refused);
  CHECK(house.log().find("waits for workers to leave, and there are none") != std::string::npos);
  CHECK(Worker(broker.expect(Kind::worker_started)).number == 1);
}

TEST_CASE("who asks again while a reload waits for workers is served as soon as a program can read their memory") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker one = start_worker(first, 1);
  house.install(kOtherLayout);
  house.signal(SIGHUP);
  expect_retirement(first, one);
  house.install("exec \"$JOBPOOLD\" \"$@\"");
  house.signal(SIGHUP);
  first.expect_end();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(Worker(second.expect(Kind::worker_started)).pid == one.pid);
}

// The broker's next life was the new program's, which killed every worker, whose memory it could not read.
TEST_CASE("until a reload, what dies is started again by the programs that were there before an upgrade") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.say(Kind::ready);
  const Worker one = start_worker(first, 1);
  REQUIRE(testing::wait_until([&] { return house.log().find("serving on") != std::string::npos; }));
  house.install("jobpool-broker", "exit 78");
  house.install("jobpool-worker", "exit 1");
  first.die();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(Worker(second.expect(Kind::worker_started)).pid == one.pid);
  second.expect(Kind::handover_done);
  const Worker two = start_worker(second, 2);
  two.leave_behind(1);  // it is a worker that does as it is told
}

TEST_CASE("a trial run says that it waits for workers of another layout, once all else is well") {
  House house;
  const auto trial = [&](std::uint32_t layout, std::size_t workers) {
    supervisor::ResumeRecord record;
    record.segment_layout = layout;
    record.invocation.directory = "/";
    record.workers.workers.resize(workers);
    const auto file = supervisor::write_resume_file(record);
    REQUIRE(file);
    const int fd = ::dup(file->get());
    std::string said;
    const int code = house.run_beside({"--resume-fd", std::to_string(fd), "--check-config"}, said);
    INFO(said);
    ::close(fd);
    return code;
  };
  CHECK(trial(shm::kLayoutVersion, 1) == 0);
  CHECK(trial(shm::kLayoutVersion + 1, 0) == 0);
  CHECK(trial(shm::kLayoutVersion + 1, 1) == kExitOtherLayout);
  std::filesystem::remove(std::filesystem::path(house.installed_program()).parent_path() / "jobpool-worker");
  CHECK(trial(shm::kLayoutVersion + 1, 1) == 1);
}
