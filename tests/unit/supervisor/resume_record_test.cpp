// The record that one supervisor leaves to the next: its text, and the sealed memfd it travels in.
#include "daemon/supervisor/resume_record.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "common/shm/layout.hpp"
#include "daemon/supervisor/reexec.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;

namespace {

// Version 4, as daemons in the field write it. Never changed: programs that read it must go on to.
constexpr const char* kGolden = R"(jobpool-resume 4 layout 3 ledger 3
invocation "/home/a b" "/usr/bin/jobpoold" 1024
settings "/run/x\"y/socket" "/var/lib/jobpool" 8 "info" 30 "/usr/bin" 2 "/p1" "/p 2"
instance "0123456789abcdef0123456789abcdef" "boot" 77 4242 99000000
listener 0 27 123456 1 9
held 4 5 6 7
broker 3 5 1
cgroup "/sys/fs/cgroup/a b"
workers 12 2
worker 10 1 501 0 0 0 20 21 22 23 24 25 26 27 0
worker 11 2 502 2 1 42 -1 -1 30 31 32 33 34 35 7
spared 1 400
end
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

UniqueFd memfd_of(const std::string& text) {
  UniqueFd file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return file;
}

}  // namespace

TEST_CASE("a record is read as it was written, for ever") {
  const auto record = resume_record_from(kGolden);
  REQUIRE(record);
  CHECK(to_text(*record) == kGolden);
  CHECK(record->invocation.directory == "/home/a b");
  CHECK(record->settings.socket == "/run/x\"y/socket");
  CHECK(record->settings.plugin_dirs.at(1) == "/p 2");
  CHECK(record->instance.since_usec == 99000000);
  CHECK(record->history.broker_starts == 3);
  CHECK(record->history.reloads == 5);
  CHECK(record->history.failed_reloads == 1);
  CHECK(record->instance.cgroup == "/sys/fs/cgroup/a b");
  CHECK(record->workers.last == Incarnation{12});
  CHECK(record->workers.workers.at(1).state == WorkerRecord::State::buried);
  CHECK(record->workers.workers.at(1).value == 42);
  CHECK(record->workers.workers.at(1).note == 7);
  CHECK(descriptors_of(*record) == std::vector<int>{4, 5, 6, 7, 9, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31, 32, 33, 34, 35});
}

TEST_CASE("a record of version 2, which counted no reloads and knew no cgroup, is read") {
  const std::string shorter = replaced(kGolden, "broker 3 5 1\ncgroup \"/sys/fs/cgroup/a b\"\n", "broker 3\n");
  const auto record = resume_record_from(replaced(shorter, "jobpool-resume 4 layout 3 ledger 3", "jobpool-resume 2 layout 3"));
  REQUIRE(record);
  CHECK(record->history.broker_starts == 3);
  CHECK(record->history.reloads == 0);
  CHECK(record->history.failed_reloads == 0);
  CHECK(record->instance.cgroup.empty());
  CHECK(record->workers.workers.size() == 2);
  // A later version's words are no version 2.
  CHECK(!resume_record_from(replaced(kGolden, "jobpool-resume 4", "jobpool-resume 2")));
}

TEST_CASE("a record of version 3, which had one number for both layouts, is read") {
  const auto record = resume_record_from(replaced(kGolden, "jobpool-resume 4 layout 3 ledger 3", "jobpool-resume 3 layout 3"));
  REQUIRE(record);
  CHECK(to_text(*record) == kGolden);
  CHECK(!resume_record_from(replaced(kGolden, "jobpool-resume 4 layout 3 ledger 3", "jobpool-resume 3 layout 4")));
}

TEST_CASE("workers whose segments have another layout must have ended before the program takes over") {
  const auto same = resume_record_from(replaced(kGolden, "layout 3", "layout " + std::to_string(shm::kLayoutVersion)));
  REQUIRE(same);
  CHECK(!needs_drain(*same));
  const auto earlier = resume_record_from(kGolden);  // of 32 slots a worker
  REQUIRE(earlier);
  CHECK(needs_drain(*earlier));
  auto other = resume_record_from(replaced(kGolden, "layout 3", "layout 999"));
  REQUIRE(other);
  CHECK(needs_drain(*other));
  other->workers.workers.erase(other->workers.workers.begin());
  CHECK(needs_drain(*other));  // one is left that is dead, and that the broker has not read to its end
  other->workers.workers.clear();
  CHECK(!needs_drain(*other));
}

TEST_CASE("another layout of the ledger is refused with both versions, and another version of the record too") {
  const auto ledger = resume_record_from(replaced(kGolden, "ledger 3", "ledger 999"));
  REQUIRE(!ledger);
  CHECK(ledger.error().code == Errc::unsupported);
  CHECK(ledger.error().text.find("999") != std::string::npos);
  CHECK(ledger.error().text.find(std::to_string(shm::kLedgerVersion)) != std::string::npos);
  const auto version = resume_record_from(replaced(kGolden, "jobpool-resume 4", "jobpool-resume 5"));
  REQUIRE(!version);
  CHECK(version.error().code == Errc::unsupported);
}

TEST_CASE("a daemon from before there were pools is told to stop and start, not that its record is damaged") {
  std::string earlier = replaced(kGolden, "jobpool-resume 4 layout 3 ledger 3", "jobpool-resume 1 layout 1");
  earlier = replaced(earlier, "broker 3 5 1\ncgroup \"/sys/fs/cgroup/a b\"\n", "broker 3\n");
  earlier = replaced(replaced(earlier, "26 27 0", "26 27"), "34 35 7", "34 35");
  const auto record = resume_record_from(earlier);
  REQUIRE(!record);
  CHECK(record.error().code == Errc::unsupported);
  CHECK(record.error().text.find("stop and start it") != std::string::npos);
}

TEST_CASE("a text that ends early or says something else is an error") {
  const std::string golden = kGolden;
  for (std::size_t size = 0; size < golden.size() - 2; ++size) CHECK(!resume_record_from(golden.substr(0, size)));
  CHECK(!resume_record_from(replaced(golden, "worker 10 1 501 0", "worker 10 1 501 3")));
  CHECK(!resume_record_from(replaced(golden, "workers 12 2", "workers 12 99999999999")));
  CHECK(!resume_record_from(replaced(golden, "spared 1 400", "spared 2 400")));
  CHECK(!resume_record_from(replaced(golden, "held 4", "held four")));
}

TEST_CASE("a record travels in a sealed memfd, and nothing else is believed") {
  const auto record = resume_record_from(kGolden);
  REQUIRE(record);
  const auto file = write_resume_file(*record);
  REQUIRE(file);
  CHECK(::write(file->get(), "x", 1) < 0);
  for (int times = 0; times < 2; ++times) {  // the trial run, and the change-over
    const auto read = read_resume_file(*file);
    REQUIRE(read);
    CHECK(to_text(*read) == kGolden);
  }
  CHECK(!read_resume_file(memfd_of(kGolden)));
  CHECK(!read_resume_file(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  CHECK(!read_resume_file(UniqueFd()));
}

TEST_CASE("a descriptor that is not there is an error") {
  auto record = resume_record_from(kGolden);
  REQUIRE(record);
  record->workers = {};
  record->listener.sockets = {12345};
  record->state_dir = record->state_lock = record->output_dir = record->ledger = -1;
  CHECK(!take_over_descriptors(*record));
  const UniqueFd open(::open("/dev/null", O_RDONLY));
  record->listener.sockets = {open.get()};
  REQUIRE(take_over_descriptors(*record));
  CHECK(::fcntl(open.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("arguments are passed on as they were, behind the new descriptor") {
  const std::vector<std::string> original{"-j", "4"};
  const auto once = resume_arguments(original, 17);
  CHECK(once == std::vector<std::string>{"--resume-fd", "17", "-j", "4"});
  CHECK(resume_arguments(once, 18) == std::vector<std::string>{"--resume-fd", "18", "-j", "4"});
}
