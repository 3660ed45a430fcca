// See beanstalkd.hpp; the protocol is in beanstalkd's doc/protocol.txt.
#include "tests/bench/peers/beanstalkd.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

// A job of as many bytes as a submission of @noop to us has.
const std::string kPut = "put 0 0 60 80\r\n" + std::string(80, 'x') + "\r\n";

std::vector<std::string> beanstalkd_argv(const std::string& program, const std::string& folder, Beanstalkd::Log log) {
  std::vector<std::string> argv{program, "-l", "unix:" + folder + "/beanstalkd"};
  if (log == Beanstalkd::Log::none) return argv;
  const std::string place = folder + "/beanstalkd.log";
  ::mkdir(place.c_str(), 0700);
  argv.insert(argv.end(), {"-b", place, "-f0"});
  return argv;
}

void check_answer(const std::string& line, const char* expected) {
  if (!line.starts_with(expected)) give_up("beanstalkd: " + line + " instead of " + expected);
}

// RESERVED <id> <bytes>, and the body. Returns the id.
std::string reserved_job(PeerConnection& connection) {
  const std::string line = connection.line();
  check_answer(line, "RESERVED ");
  const auto space = line.find(' ', 9);
  connection.bytes(std::stoul(line.substr(space + 1)) + 2);
  return line.substr(9, space - 9);
}

}  // namespace

std::unique_ptr<Beanstalkd> Beanstalkd::start(const std::string& folder, Log log, int consumers) {
  const std::string program = installed("beanstalkd");
  if (!program.empty()) return std::make_unique<Beanstalkd>(program, folder, log, consumers);
  print_note("beanstalkd is not installed");
  return nullptr;
}

Beanstalkd::Beanstalkd(const std::string& program, const std::string& folder, Log log, int consumers)
    : server_(beanstalkd_argv(program, folder, log), PeerAddress{folder + "/beanstalkd", 0}, folder + "/beanstalkd.out"),
      connection_(server_.connect()) {
  if (consumers == 0) return;
  consumers_.emplace(consumers, [this](const std::function<void()>& one_done) {
    PeerConnection mine(server_.connect());
    for (mine.send("reserve\r\n");; one_done()) {
      mine.send("delete " + reserved_job(mine) + "\r\nreserve\r\n");
      check_answer(mine.line(), "DELETED");
    }
  });
}

void Beanstalkd::cycle() {
  connection_.send(kPut);
  check_answer(connection_.line(), "INSERTED");
  connection_.send("reserve\r\n");
  connection_.send("delete " + reserved_job(connection_) + "\r\n");
  check_answer(connection_.line(), "DELETED");
}

void Beanstalkd::run(long jobs, long depth) {
  consumers_->expect(jobs);
  put_all(jobs, depth);
  consumers_->wait();
}

void Beanstalkd::fill(long jobs) { put_all(jobs, 1'000); }

void Beanstalkd::put_all(long jobs, long depth) {
  std::string puts;
  for (long i = 0; i < depth; ++i) puts += kPut;
  for (long left = jobs; left > 0; left -= depth) {
    const long now = std::min(left, depth);
    connection_.send(std::string_view(puts).substr(0, kPut.size() * static_cast<std::size_t>(now)));
    for (long i = 0; i < now; ++i) check_answer(connection_.line(), "INSERTED");
  }
}

}  // namespace jobpool::bench
