// A daemon that does what a test tells it: a socket in a temporary folder, and one thread that runs a script over its connections.
// Scripts throw when the client does not do what was expected; finish() hands that to the test's thread.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/unique_fd.hpp"
#include "proto/envelope.hpp"
#include "proto/frame.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::testing {

inline constexpr const char* kApply = "org.jobpool.Pool.Apply";

// One call as it came, with the descriptors of its first byte.
struct Heard {
  struct {
    std::string method;
    proto::JsonObject parameters;
    bool oneway, more;
  } call;
  std::vector<UniqueFd> fds;
};

// The daemon's end of one connection.
class FakePeer {
 public:
  explicit FakePeer(UniqueFd socket) : socket_(std::move(socket)) {}

  Heard hear();                         // the next call; throws at the end of input
  Heard hear(std::string_view method);  // throws when it is another one
  void say(std::string_view parameters, bool continues = false);
  void say_with(std::string_view parameters, int fd);
  void fail(std::string_view error, std::string_view parameters);
  void write(std::string_view bytes);
  void greet(std::string_view instance);  // hears a Hello and answers it
  void wait_for_end();                    // until the client has closed, whatever it sends
  void end_output();                      // the client sees the end, and can still be heard
  bool hears_more();                      // false: the client closed without another byte
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
  proto::FrameDecoder decoder_;
  std::vector<UniqueFd> fds_;
  std::uint64_t owner_ = 0, heard_ = 0;  // numbers of messages
};

class FakeServer {
 public:
  // The script runs at once, in a thread of its own.
  explicit FakeServer(std::function<void(FakeServer&)> script);
  ~FakeServer();  // finish() without the throw

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return folder_.file(name); }
  FakePeer accept();      // for the script
  void stop_listening();  // for the script: the socket's file stays, nobody answers
  void finish();          // waits for the end of the script; throws what it threw

 private:
  TempDir folder_;
  std::string path_;
  UniqueFd listener_;
  std::exception_ptr failure_;
  std::thread thread_;
};

// Parameters of replies, as the broker writes them.
std::string hello(std::string_view instance, std::int64_t since_usec = 1);
std::string function_ending(std::uint64_t id, std::string_view result);

}  // namespace jobpool::testing
