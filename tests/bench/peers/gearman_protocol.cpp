// See gearman_protocol.hpp; the protocol is in gearmand's docs/protocol.rst: "\0REQ" or "\0RES", type, length, then arguments with NULs
// between.
#include "tests/bench/peers/gearman_protocol.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

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

// Function, unique (none), payload.
std::string job_body() { return kGearmanFunction + std::string(2, '\0') + kGearmanPayload; }

void work_for_gearmand(PeerConnection connection, const std::function<void()>& one_done) {
  const std::string grab = packet(Packet::grab_job);
  for (connection.send(packet(Packet::can_do, kGearmanFunction) + grab);;) {
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

std::unique_ptr<GearmanProtocol> GearmanProtocol::start(const std::string& folder, Gearmand::Queue queue, int workers) {
  const std::string program = Gearmand::find_program();
  return program.empty() ? nullptr : std::make_unique<GearmanProtocol>(program, folder, queue, workers);
}

GearmanProtocol::GearmanProtocol(const std::string& program, const std::string& folder, Gearmand::Queue queue, int workers)
    : server_(program, folder, queue),
      workers_(workers, [this](const std::function<void()>& one_done) { work_for_gearmand(PeerConnection(server_.connect()), one_done); }),
      connection_(server_.connect()) {}

void GearmanProtocol::call() {
  connection_.send(packet(Packet::submit_job, job_body()));
  expect_packet(connection_, Packet::job_created);
  expect_packet(connection_, Packet::work_complete);
}

void GearmanProtocol::run(long jobs, long depth) {
  workers_.expect(jobs);
  const std::string one = packet(Packet::submit_job_bg, job_body());
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
