// See gearmand.hpp; the protocol is in gearmand's docs/protocol.rst: "\0REQ" or "\0RES", type, length, then arguments with NULs between.
#include "tests/bench/peers/gearmand.hpp"

#include <arpa/inet.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

enum class Packet : std::uint32_t {
  can_do = 1,
  pre_sleep = 4,
  noop = 6,
  submit_job = 7,
  job_created = 8,
  grab_job = 9,
  no_job = 10,
  job_assign = 11,
  work_complete = 13,
  submit_job_bg = 18,
};

struct Received {
  Packet type;
  std::string body;
};

std::string packet(Packet type, const std::string& body = {}) {
  const std::uint32_t words[] = {htonl(static_cast<std::uint32_t>(type)), htonl(static_cast<std::uint32_t>(body.size()))};
  std::string bytes("\0REQ", 4);
  bytes.append(reinterpret_cast<const char*>(words), sizeof(words));
  return bytes + body;
}

Received receive_packet(PeerConnection& connection) {
  const std::string header = connection.bytes(12);
  std::uint32_t words[2];
  std::memcpy(words, header.data() + 4, sizeof(words));
  return {Packet{ntohl(words[0])}, connection.bytes(ntohl(words[1]))};
}

void expect_packet(PeerConnection& connection, Packet type) {
  const Received received = receive_packet(connection);
  if (received.type != type) give_up("gearmand: packet of type " + std::to_string(static_cast<std::uint32_t>(received.type)));
}

// Function, unique (none), payload of as many bytes as a submission of @noop to us has.
const std::string kJob = std::string("noop\0\0", 6) + std::string(64, 'x');

// As root it wants to be told as whom to run.
std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? "root" : user->pw_name;
}

std::vector<std::string> gearmand_argv(const std::string& program, const std::string& folder, std::uint16_t port, Gearmand::Queue queue) {
  // One I/O thread: the quickest it is, here.
  std::vector<std::string> argv{
      program,           "--port=" + std::to_string(port),        "--listen=127.0.0.1", "--threads=1", "--user=" + user_name(),
      "--log-file=none", "--pid-file=" + folder + "/gearmand.pid"};
  if (queue == Gearmand::Queue::sqlite) argv.insert(argv.end(), {"--queue-type=libsqlite3", "--libsqlite3-db=" + folder + "/gearmand.db"});
  return argv;
}

void work_for_gearmand(PeerConnection connection, const std::function<void()>& one_done) {
  const std::string grab = packet(Packet::grab_job);
  for (connection.send(packet(Packet::can_do, "noop") + grab);;) {
    const Received received = receive_packet(connection);
    if (received.type == Packet::no_job) {
      connection.send(packet(Packet::pre_sleep));
    } else if (received.type == Packet::noop) {
      connection.send(grab);
    } else if (received.type == Packet::job_assign) {
      const std::string handle = received.body.substr(0, received.body.find('\0') + 1);
      connection.send(packet(Packet::work_complete, handle) + grab);
      one_done();
    } else {
      give_up("gearmand told a worker " + received.body);
    }
  }
}

}  // namespace

std::unique_ptr<Gearmand> Gearmand::start(const std::string& folder, Queue queue, int workers) {
  const std::string program = installed("gearmand");
  if (!program.empty()) return std::make_unique<Gearmand>(program, folder, queue, workers);
  print_note("gearmand is not installed");
  return nullptr;
}

Gearmand::Gearmand(const std::string& program, const std::string& folder, Queue queue, int workers)
    : port_(free_port()),
      server_(gearmand_argv(program, folder, port_, queue), PeerAddress{{}, port_}, folder + "/gearmand.out"),
      workers_(workers, [this](const std::function<void()>& one_done) { work_for_gearmand(PeerConnection(server_.connect()), one_done); }),
      connection_(server_.connect()) {}

void Gearmand::call() {
  connection_.send(packet(Packet::submit_job, kJob));
  expect_packet(connection_, Packet::job_created);
  expect_packet(connection_, Packet::work_complete);
}

void Gearmand::run(long jobs, long depth) {
  workers_.expect(jobs);
  const std::string one = packet(Packet::submit_job_bg, kJob);
  std::string all;
  for (long i = 0; i < depth; ++i) all += one;
  for (long left = jobs; left > 0; left -= depth) {
    const long now = std::min(left, depth);
    connection_.send(std::string_view(all).substr(0, one.size() * static_cast<std::size_t>(now)));
    for (long i = 0; i < now; ++i) expect_packet(connection_, Packet::job_created);
  }
  workers_.wait();
}

}  // namespace jobpool::bench
