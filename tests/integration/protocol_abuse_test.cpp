// What a broken, careless or hostile client may do to the broker: have its own connection closed, and nothing else.
#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;
using jobpool::UniqueFd;

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;
// An instrumented allocator keeps freed memory for a while; growth without bound is far above this all the same.
constexpr std::int64_t kFlat = 96 * kMiB;

// It answers, and it is the same process as before.
void require_unharmed(const Daemon& daemon, pid_t broker) {
  CHECK(daemon.connect().call("org.jobpool.Pool.Hello")["brokerPid"] == broker);
  CHECK(daemon.connect().call("org.jobpool.Pool.Apply", {{"job", {{"function", "square"}, {"arguments", "[6]"}}}})["ending"]["result"] ==
        "36");
}

std::size_t open_files(pid_t pid) {
  std::size_t count = 0;
  DIR* folder = ::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
  REQUIRE(folder != nullptr);
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

std::string message(std::string text) { return text + '\0'; }

// Replies as they come, unparsed: of hundreds of megabytes that alone would take a minute.
class Replies {
 public:
  explicit Replies(int socket) : socket_(socket) {}

  // Without its NUL; the view is valid until the next call. Empty: there comes no more.
  std::string_view next() {
    bytes_.erase(0, taken_);
    taken_ = 0;
    std::size_t end = bytes_.find('\0');
    while (end == std::string::npos) {
      const std::size_t seen = bytes_.size();
      if (!read_more()) return {};
      end = bytes_.find('\0', seen);
    }
    taken_ = end + 1;
    return std::string_view(bytes_).substr(0, end);
  }

 private:
  bool read_more() {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(kPatience.count())) != 1) return false;
    std::array<char, 65'536> room;
    const ssize_t count = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
    if (count > 0) bytes_.append(room.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  const int socket_;
  std::string bytes_;
  std::size_t taken_ = 0;  // of them, by the last call
};

// Sends `bytes` with `fds` riding on the first of them.
void send_with_fds(int socket, std::string_view bytes, const std::vector<int>& fds) {
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 16)> space{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = space.data();
  header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  std::memcpy(CMSG_DATA(control), fds.data(), sizeof(int) * fds.size());
  REQUIRE(::sendmsg(socket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

// For a failure to tell which one it is.
std::string names_of_open_files(pid_t process) {
  std::string names;
  std::error_code gone;  // one that is closed meanwhile
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd", gone))
    names += std::filesystem::read_symlink(entry.path(), gone).string() + ' ';
  return names;
}

}  // namespace

TEST_CASE("what is no call closes the connection without an answer") {
  Daemon daemon;
  const pid_t broker = daemon.broker_pid();
  const std::string bad_utf8 = R"({"method":"org.jobpool.Pool.Hello","parameters":{"x":")"
                               "\xff\xfe"
                               R"("}})";
  for (const std::string& bad : {std::string("{broken"), std::string("[]"), std::string("7"), std::string(""), std::string("{}"),
                                 std::string(R"({"method":7})"), bad_utf8, std::string(R"({"method":"org.jobpool.Pool.Hello","more":1})"),
                                 std::string(R"({"method":"org.jobpool.Pool.Hello","more":true,"oneway":true})"),
                                 std::string(R"({"method":"org.jobpool.Pool.Hello","surplus":true})"),
                                 std::string(R"({"method":"org.jobpool.Pool.Hello"} {})"), std::string(100'000, '[')}) {
    INFO(bad.substr(0, 100));
    VarlinkClient client = daemon.connect();
    REQUIRE(client.write(message(bad)));
    CHECK_FALSE(client.receive().has_value());
  }
  require_unharmed(daemon, broker);
}

TEST_CASE("a call before the broken one is still answered") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  REQUIRE(client.write(message(R"({"method":"org.jobpool.Pool.Hello"})") + message("{broken")));
  const auto reply = client.receive();
  REQUIRE(reply);
  CHECK_FALSE(reply->contains("error"));
  CHECK_FALSE(client.receive().has_value());
}

TEST_CASE("half a frame disturbs nobody, whether its sender stays or goes") {
  Daemon daemon;
  const pid_t broker = daemon.broker_pid();
  VarlinkClient stays = daemon.connect();
  REQUIRE(stays.write(R"({"method":"org.jobpool.)"));
  {
    VarlinkClient goes = daemon.connect();
    REQUIRE(goes.write(R"({"method":"org.jobpool.Pool.App)"));
  }
  require_unharmed(daemon, broker);
  REQUIRE(stays.write(message(R"(Pool.Hello"})")));
  CHECK(stays.receive()->contains("parameters"));
}

TEST_CASE("a frame without end is cut off, and its memory is given back") {
  Daemon daemon;
  const pid_t broker = daemon.broker_pid();
  const std::int64_t before = resident_bytes(broker);
  const std::string piece(kMiB, 'x');
  for (int time = 0; time < 5; ++time) {
    VarlinkClient client = daemon.connect();
    client.write(R"({"method":")");
    int sent = 0;
    while (sent < 64 && client.write(piece)) ++sent;
    CHECK(sent < 64);  // 24 MiB are the limit; the socket's own buffer takes less than one
    CHECK_FALSE(client.receive().has_value());
  }
  require_unharmed(daemon, broker);
  CHECK(resident_bytes(broker) - before < kFlat);
}

TEST_CASE("random bytes never bring the broker down") {
  Daemon daemon;
  const pid_t broker = daemon.broker_pid();
  const std::uint32_t seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string call = message(R"({"method":"org.jobpool.Pool.Apply","parameters":{"job":{"function":"square","arguments":"[2]"}}})");
  for (int connection = 0; connection < 500; ++connection) {
    std::string bytes = call + call;
    const std::size_t changes = 1 + random() % 8;
    for (std::size_t change = 0; change < changes; ++change) bytes[random() % bytes.size()] = static_cast<char>(random());
    VarlinkClient client = daemon.connect();
    client.write(bytes.substr(0, random() % bytes.size()));
  }
  require_unharmed(daemon, broker);
}

TEST_CASE("file descriptors that no message names are closed") {
  Daemon daemon({.workers = 2});
  // Each has descriptors of its own in the broker, and is there before the broker has taken them: only the broker's word counts. (A bug of
  // this test: under load it counted before that, and then waited for descriptors to be closed that stay.)
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["workersIdle"] == 2; }));
  const pid_t broker = daemon.broker_pid();
  VarlinkClient client = daemon.connect();
  client.call("org.jobpool.Pool.Hello");
  const std::size_t before = open_files(broker);
  INFO("open before: " << names_of_open_files(broker));
  const std::string hello = call_text("org.jobpool.Pool.Hello", json::object());
  for (int time = 0; time < 50; ++time) {
    send_with_fds(client.fd(), hello, {0, 1, 2, 0, 1, 2, 0, 1});
    REQUIRE(client.receive());
  }
  const bool are_closed = wait_until([&] { return open_files(broker) <= before; });
  INFO("open now: " << names_of_open_files(broker));
  CHECK(are_closed);
  const json bad_index = {{"job", {{"command", {"true"}}, {"stdout", 3}}}};
  send_with_fds(client.fd(), call_text("org.jobpool.Pool.Apply", bad_index), {1});
  CHECK((*client.receive())["error"] == "org.jobpool.Pool.InvalidJob");
  require_unharmed(daemon, broker);
}

TEST_CASE("a client that never reads is no longer read, and costs a bounded amount of memory") {
  Daemon daemon;
  const pid_t broker = daemon.broker_pid();
  const std::int64_t before = resident_bytes(broker);
  VarlinkClient client = daemon.connect();
  std::string calls;
  for (int count = 0; count < 500; ++count)
    calls += call_text("org.varlink.service.GetInterfaceDescription", {{"interface", "org.jobpool.Pool"}});
  const std::size_t call_size = calls.size() / 500;

  std::size_t sent = 0;
  for (bool accepts = true; accepts;) {
    const ssize_t count = ::send(client.fd(), calls.data() + sent % calls.size(), calls.size() - sent % calls.size(), MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    REQUIRE(sent < 100u * kMiB);  // whose answers would be gigabytes
    pollfd ready{client.fd(), POLLOUT, 0};
    if (count < 0) accepts = ::poll(&ready, 1, 2000) == 1;
  }
  require_unharmed(daemon, broker);
  CHECK(resident_bytes(broker) - before < kFlat);

  // Late is not never: what was sent whole is answered, all of it, and each as the first.
  Replies replies(client.fd());
  const std::string first{replies.next()};
  CHECK(json::parse(first)["parameters"]["description"].get<std::string>().find("interface org.jobpool.Pool") != std::string::npos);
  for (std::size_t answered = 1; answered < sent / call_size; ++answered) {
    INFO(answered << " of " << sent / call_size);
    REQUIRE(replies.next() == first);
  }
}

TEST_CASE("ten thousand idle connections keep nobody from being served") {
  Daemon daemon;
  const pid_t broker = daemon.broker_pid();
  const std::int64_t before = resident_bytes(broker);
  const std::size_t wanted = std::min<std::size_t>(10'000, raise_file_limit() - 200);
  VarlinkClient early = daemon.connect();
  early.call("org.jobpool.Pool.Hello");
  {
    std::vector<UniqueFd> idle;
    for (std::size_t count = 0; count < wanted; ++count) {
      UniqueFd one = try_connect(daemon.socket());
      // Refused for now: the queue is full until the broker has accepted some, which answering a call shows it does.
      if (!one) early.call("org.jobpool.Pool.Hello");
      idle.push_back(std::move(one));
    }
    CHECK(early.call("org.jobpool.Pool.Status")["connections"] > 1000);
    CHECK(early.call("org.jobpool.Pool.Apply", {{"job", {{"function", "square"}, {"arguments", "[6]"}}}})["ending"]["result"] == "36");
    CHECK(resident_bytes(broker) - before < kFlat);
  }
  require_unharmed(daemon, broker);
  CHECK(daemon.run({"ping"}).exit_code == 0);
}
