// The log: lines that no terminal obeys, and entries of systemd's journal with fields.
#include "common/log.hpp"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "common/system_journal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

// What journald would be sent.
class FakeJournal {
 public:
  FakeJournal() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  std::string path() const { return folder_.file("journal"); }
  // The oldest that was not read; empty: there is none.
  std::string entry() {
    std::string bytes(65'536, '\0');
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return bytes;
  }

 private:
  TempDir folder_;
  UniqueFd socket_;
};

// As systemd tells its services.
std::string stream_of(int fd) {
  struct stat about {};
  REQUIRE(::fstat(fd, &about) == 0);
  return std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
}

// stderr is a file of the test's while this lives.
class CaughtStderr {
 public:
  CaughtStderr() : kept_(::dup(STDERR_FILENO)), file_(::memfd_create("stderr", MFD_CLOEXEC)) { ::dup2(file_.get(), STDERR_FILENO); }
  ~CaughtStderr() {
    ::dup2(kept_.get(), STDERR_FILENO);
    ::unsetenv("JOURNAL_STREAM");
    (void)start_logging("test", "off");
  }
  std::string text() const {
    std::string bytes(1'048'576, '\0');
    const ssize_t size = ::pread(file_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }

 private:
  UniqueFd kept_, file_;
};

}  // namespace

TEST_CASE("no byte of a line is obeyed by a terminal, and UTF-8 passes") {
  CHECK(log::escaped("就绪 ä 😀") == "就绪 ä 😀");
  CHECK(log::escaped("a\x1b[31m\n\r\t\x7f") == "a\\x1b[31m\\x0a\\x0d\\x09\\x7f");
  CHECK(log::escaped("\xc2\x9b"
                     "31m") == "\\xc2\\x9b31m");  // CSI as one character
  CHECK(log::escaped("\x9b"
                     "31m") == "\\x9b31m");         // and as one byte
  CHECK(log::escaped("\xc0\x8a") == "\\xc0\\x8a");  // a line feed in too many bytes
  CHECK(log::escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(log::escaped("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  CHECK(log::escaped("\xe4\xb8") == "\\xe4\\xb8");
  CHECK(log::escaped(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("where stderr is the journal, a line is an entry with fields") {
  FakeJournal journal;
  CaughtStderr caught;
  ::setenv("JOURNAL_STREAM", stream_of(STDERR_FILENO).c_str(), 1);
  REQUIRE(start_logging("jobpool-broker", "info", journal.path().c_str()));
  log::About{.job = 7, .pool = "images", .outcome = "crashed", .attempt = 2, .worker = 3}.info("job {} ended\n", 7);
  CHECK(journal.entry() ==
        "MESSAGE=job 7 ended\\x0a\nPRIORITY=6\nSYSLOG_IDENTIFIER=jobpool-broker\nJOBPOOL_JOB_ID=7\nJOBPOOL_POOL=images\n"
        "JOBPOOL_OUTCOME=crashed\nJOBPOOL_ATTEMPT=2\nJOBPOOL_WORKER=3\n");
  log::warn("the socket has vanished");
  CHECK(journal.entry() == "MESSAGE=the socket has vanished\nPRIORITY=4\nSYSLOG_IDENTIFIER=jobpool-broker\n");
  log::About{.job = 7}.debug("not to be seen");
  CHECK(journal.entry() == "");
  log::error("{}", std::string(100'000, 'x'));
  const std::string cut = journal.entry();
  CHECK(cut.starts_with("MESSAGE=xxx"));
  CHECK(cut.size() < 5'000);
  CHECK(caught.text() == "");
}

TEST_CASE("where it is not, or nobody listens at its socket, a line is a line") {
  FakeJournal journal;
  CaughtStderr caught;
  ::setenv("JOURNAL_STREAM", "0:1", 1);  // stderr was redirected since
  REQUIRE(start_logging("jobpoold", "info", journal.path().c_str()));
  log::About{.job = 7}.info("job 7 ended");
  CHECK(journal.entry() == "");
  CHECK(caught.text().find("jobpoold[" + std::to_string(::getpid()) + "] info: job 7 ended\n") != std::string::npos);
  ::setenv("JOURNAL_STREAM", stream_of(STDERR_FILENO).c_str(), 1);
  REQUIRE(start_logging("jobpoold", "info", "/nowhere/at/all"));
  log::info("still told");
  CHECK(caught.text().find("still told\n") != std::string::npos);
}

TEST_CASE("a journal that takes nothing more costs no line") {
  FakeJournal journal;
  CaughtStderr caught;
  ::setenv("JOURNAL_STREAM", stream_of(STDERR_FILENO).c_str(), 1);
  REQUIRE(start_logging("jobpoold", "info", journal.path().c_str()));
  for (int i = 0; i < 2'000; ++i) log::info("line {}", i);  // net.unix.max_dgram_qlen is in the hundreds at most
  CHECK(caught.text().find("line 1999\n") != std::string::npos);
}
