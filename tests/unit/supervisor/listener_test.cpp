// The socket's file: private, taken over when stale, never from a living daemon, and noticed when it vanishes.
#include "daemon/supervisor/listener.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "daemon/supervisor/socket_watch.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/supervisor/temporary_dir.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using jobpool::test::TemporaryDir;

namespace {

bool answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool is_readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, 10000) == 1;
}

}  // namespace

TEST_CASE("a bound socket is private and accepts") {
  TemporaryDir dir;
  auto listener = Listener::bind(dir / "run/socket");
  REQUIRE(listener);
  struct stat status {};
  REQUIRE(::stat((dir / "run/socket").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat((dir / "run").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(answers(dir / "run/socket"));
  CHECK(listener->is_in_place());
  CHECK(listener->fds().size() == 1);
  listener->remove();
  CHECK(!std::filesystem::exists(dir / "run/socket"));
}

TEST_CASE("a directory where anybody could put a socket in the place of ours is refused") {
  TemporaryDir dir;
  std::filesystem::create_directory(dir / "run");
  REQUIRE(::chmod((dir / "run").c_str(), 0777) == 0);
  const auto refused = Listener::bind(dir / "run/socket");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::permission_denied);
  CHECK(refused.error().text.find(dir / "run") != std::string::npos);
  REQUIRE(::chmod((dir / "run").c_str(), 01777) == 0);  // as /tmp: what is there is its owner's
  CHECK(Listener::bind(dir / "run/socket"));
}

TEST_CASE("a stale socket file is replaced") {
  TemporaryDir dir;
  { REQUIRE(Listener::bind(dir / "socket")); }  // gone without removing its file
  REQUIRE(std::filesystem::exists(dir / "socket"));
  CHECK(!answers(dir / "socket"));
  auto listener = Listener::bind(dir / "socket");
  REQUIRE(listener);
  CHECK(answers(dir / "socket"));
}

TEST_CASE("a socket on which somebody answers is not taken away") {
  TemporaryDir dir;
  auto first = Listener::bind(dir / "socket");
  REQUIRE(first);
  auto second = Listener::bind(dir / "socket");
  REQUIRE(!second);
  CHECK(second.error().code == Errc::already_exists);
  CHECK(answers(dir / "socket"));
  CHECK(first->is_in_place());
}

// A daemon that was started right behind the death of another found "a daemon there already": its broker was about to end, and had the
// socket still.
TEST_CASE("a socket whose owner is about to be gone is replaced") {
  TemporaryDir dir;
  auto bound = Listener::bind(dir / "socket");
  REQUIRE(bound);
  std::optional<Listener> dying(std::move(*bound));
  bool was_asked = false;
  std::thread end([&] {
    was_asked = is_readable(dying->fds().at(0));  // somebody has connected
    dying.reset();
  });
  const auto listener = Listener::bind(dir / "socket");
  end.join();
  CHECK(was_asked);
  REQUIRE(listener);
  CHECK(listener->is_in_place());
}

TEST_CASE("a file of another kind is not taken away") {
  TemporaryDir dir;
  std::ofstream(dir / "socket") << "precious";
  auto listener = Listener::bind(dir / "socket");
  REQUIRE(!listener);
  CHECK(listener.error().code == Errc::already_exists);
  CHECK(std::filesystem::file_size(dir / "socket") == 8);
}

TEST_CASE("a path longer than an address holds is refused with its name, and the longest that fits is taken") {
  TemporaryDir dir;
  const std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  const std::string fits = dir / std::string(longest - dir.path().size() - 1, 's');
  REQUIRE(fits.size() == longest);
  CHECK(Listener::bind(fits));
  auto refused = Listener::bind(fits + "s");
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  CHECK(refused.error().text.find(fits + "s") != std::string::npos);
}

TEST_CASE("somebody else's socket at our path is not removed at the end") {
  TemporaryDir dir;
  auto first = Listener::bind(dir / "socket");
  REQUIRE(first);
  std::filesystem::remove(dir / "socket");
  auto second = Listener::bind(dir / "socket");
  REQUIRE(second);
  CHECK(!first->is_in_place());
  first->remove();
  CHECK(answers(dir / "socket"));
}

TEST_CASE("a vanished socket is noticed and made again, even with its directory") {
  TemporaryDir dir;
  auto listener = Listener::bind(dir / "run/socket");
  REQUIRE(listener);
  auto watch = SocketWatch::start(dir / "run/socket");
  REQUIRE(watch);
  std::ofstream(dir / "run/other") << "";
  std::filesystem::remove(dir / "run/other");
  REQUIRE(is_readable(watch->fd()));
  CHECK(watch->read() == SocketWatch::Change::nothing_of_ours);
  std::filesystem::remove_all(dir / "run");
  REQUIRE(is_readable(watch->fd()));
  CHECK(watch->read() == SocketWatch::Change::maybe_ours);
  CHECK(!listener->is_in_place());
  REQUIRE(listener->bind_again());
  CHECK(listener->is_in_place());
  CHECK(answers(dir / "run/socket"));
}
