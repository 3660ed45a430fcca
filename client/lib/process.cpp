// Process: started, asked and ended by its name; Results become exceptions here.
#include "jobpool/process.hpp"

#include "client/lib/daemonic_start.hpp"
#include "client/lib/key.hpp"
#include "client/lib/raise.hpp"
#include "client/lib/submission.hpp"
#include "client/lib/timed_call.hpp"
#include "jobpool/client.hpp"

namespace jobpool {
namespace {

proto::JsonObject ask_process(client::Connections& connections, const char* method, const std::string& parameters) {
  return client::ask(connections, std::string{"org.jobpool.Process."} + method, parameters, client::Resend::always);
}

ProcessInfo process_info(proto::Process process) {
  return {std::move(process.name),
          process.id.value,
          process.alive,
          process.daemonic,
          process.pid,
          process.parent_pid,
          process.exit_code,
          std::string{to_string(process.state)},
          process.outcome ? std::string{to_string(*process.outcome)} : std::string{},
          std::move(process.reason),
          std::move(process.description),
          process.started_usec,
          process.ended_usec};
}

}  // namespace

struct Process::Target {
  proto::Submission job;
};

Process::Process(std::shared_ptr<client::Connections> connections, std::unique_ptr<Target> target)
    : connections_(std::move(connections)), target_(std::move(target)) {}
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;
Process::~Process() = default;

Process& Process::set_name(std::string name) {
  name_ = std::move(name);
  return *this;
}

Process& Process::set_daemon(bool daemonic) {
  daemonic_ = daemonic;
  return *this;
}

void Process::start() {
  if (!target_) throw InvalidCall("process '" + name_ + "' was started already; make another");
  const proto::ProcessStartRequest request{target_->job, name_, daemonic_, client::make_key()};
  proto::ProcessStarted started;
  if (daemonic_) {
    session_ = std::make_unique<client::DaemonicStart>(connections_, request);
    const client::Reply reply = client::value_or_raise(session_->answer());
    if (!reply.error.empty()) client::raise_remote(reply);
    started = client::value_or_raise(proto::read_process_started(reply.parameters));
    if (const auto held = session_->hold(); !held) {
      session_.reset();  // and so the process ends
      client::raise(held.error());
    }
  } else {
    started = client::value_or_raise(proto::read_process_started(
        client::ask(*connections_, "org.jobpool.Process.Start", proto::write_process_start(request), client::Resend::same_instance)));
  }
  target_.reset();
  name_ = std::move(started.name);
  id_ = started.id.value;
}

bool Process::join(Timeout timeout) const {
  const auto request = [this](std::optional<Microseconds> left) {
    return proto::write_process_join(proto::ProcessJoinRequest{name_, left});
  };
  const client::Reply reply = client::value_or_raise(client::call_within(*connections_, "org.jobpool.Process.Join", timeout, request));
  if (reply.error == proto::error::kProcessTimedOut) return false;
  if (!reply.error.empty()) client::raise_remote(reply);
  return true;
}

bool Process::is_alive() const {
  return client::value_or_raise(proto::read_flag("alive", ask_process(*connections_, "Alive", proto::write_process_name(name_))));
}

ProcessInfo Process::show() const {
  return process_info(client::value_or_raise(proto::read_process(ask_process(*connections_, "Show", proto::write_process_name(name_)))));
}

std::optional<int> Process::pid() const { return show().pid; }
std::optional<int> Process::exitcode() const { return show().exit_code; }
// Twice is as once, but for a process that starts in between under the same name: only that name's owner could do so.
void Process::terminate() const { ask_process(*connections_, "Terminate", proto::write_process_name(name_)); }
void Process::kill() const { ask_process(*connections_, "Kill", proto::write_process_name(name_)); }

Process Client::process_text(std::string_view function, std::string arguments) const {
  auto target = std::make_unique<Process::Target>();
  target->job.function = std::string{function};
  target->job.arguments = std::move(arguments);
  return Process{connections_, std::move(target)};
}

Process Client::process(const Command& command) const {
  client::CommandCall call = client::value_or_raise(client::command_submission({}, command));
  if (!call.fds.empty()) throw InvalidCall("a process has no streams of its starter; its output is kept by the daemon");
  auto target = std::make_unique<Process::Target>();
  target->job = std::move(call.job);
  target->job.pool = proto::kDefaultPool;  // none is said; nor a key, a name
  target->job.key.clear();
  target->job.inherited = 0;  // its key is made for one call: nobody compares it
  Process process{connections_, std::move(target)};
  process.set_name(std::exchange(process.target_->job.name, {}));
  return process;
}

std::vector<ProcessInfo> Client::active_children() const {
  std::vector<ProcessInfo> all;
  for (proto::Process& one :
       client::value_or_raise(proto::read_processes(ask_process(*connections_, "List", proto::write_process_list(false)))))
    all.push_back(process_info(std::move(one)));
  return all;
}

}  // namespace jobpool
