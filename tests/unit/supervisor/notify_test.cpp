// What systemd is told, by sd_notify's protocol.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

#include "common/unique_fd.hpp"
#include "daemon/supervisor/activation.hpp"
#include "tests/support/asleep.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/temporary_dir.hpp"

using namespace jobpool;

namespace {

// A manager's end, whose queue is full.
class BusyManager {
 public:
  BusyManager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{AF_UNIX, {}};
    const std::string path = dir_ / "notify";
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    const auto* const named = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(::bind(socket_.get(), named, sizeof address) == 0);
    const UniqueFd others(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    while (::sendto(others.get(), "STATUS=", 7, 0, named, sizeof address) == 7) {
    }
    REQUIRE(::setenv("NOTIFY_SOCKET", path.c_str(), 1) == 0);
  }
  ~BusyManager() { ::unsetenv("NOTIFY_SOCKET"); }

  // Reads all that is there and comes, up to `text`. False: that does not come.
  bool hears(const std::string& text) const {
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::array<char, 256> bytes;
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (size < 0) return false;
      if (std::string(bytes.data(), static_cast<std::size_t>(size)) == text) return true;
    }
  }

 private:
  test::TemporaryDir dir_;
  UniqueFd socket_;
};

}  // namespace

TEST_CASE("what systemd is told waits for a manager that has not read for a moment") {
  // The bug: it was lost where the manager's queue was full. That the daemon is ready is said once: it served, and was ended for being
  // late.
  const BusyManager manager;
  bool was_heard = false;
  std::thread reader([&, teller = ::gettid()] {
    testing::wait_until([&] { return testing::is_asleep(teller); });
    was_heard = manager.hears("READY=1");
  });
  supervisor::notify("READY=1");
  reader.join();
  CHECK(was_heard);
}
