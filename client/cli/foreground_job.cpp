// One poll loop over the call, the signals and the stops that were sent. See foreground_job.hpp for the ladder.
#include "client/cli/foreground_job.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/cli/interrupts.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

constexpr int kPressesToLeave = 4;
constexpr std::chrono::seconds kStopPatience{1};  // to reach the daemon with a stop; the next press tries again

}  // namespace

ForegroundJob::ForegroundJob(client::Connections& connections, const proto::Submission& job, std::vector<int> fds, OnInterrupt on_interrupt)
    : connections_(connections),
      call_(connections, proto::write_call("org.jobpool.Pool.Apply", proto::write_submit(job), proto::CallMode::more),
            client::Resend::same_instance, std::move(fds)),
      is_function_(job.function.has_value()),
      on_interrupt_(on_interrupt),
      signals_(interrupt_signals()) {}

std::array<pollfd, 2> ForegroundJob::watched() const {
  // poll passes over a negative descriptor.
  return {{{signals_.get(), POLLIN, 0}, {stops_ ? stops_->fd() : -1, POLLIN, 0}}};
}

Result<std::optional<proto::Ending>> ForegroundJob::run() {
  for (;;) {
    std::array<pollfd, 2> others = watched();
    const Result<std::optional<client::Reply>> reply = call_.next(client::kNever, others);
    if (!reply) return reply.error();
    if (*reply) {
      Result<std::optional<proto::Ending>> ending = take(**reply);
      if (!ending || *ending) return ending;
      if (acted_ < presses_ && act() == Ladder::leave) return std::optional<proto::Ending>{};  // pressed before the id was known
      continue;
    }
    if (others[1].revents != 0) read_stop_reply();
    signalfd_siginfo press{};
    if (others[0].revents != 0 && ::read(signals_.get(), &press, sizeof press) == sizeof press && on_press() == Ladder::leave)
      return std::optional<proto::Ending>{};
  }
}

void ForegroundJob::leave_interrupts() const {
  signalfd_siginfo late{};
  while (::read(signals_.get(), &late, sizeof late) == sizeof late) {
  }
  let_interrupts_end_us();
}

Result<std::optional<proto::Ending>> ForegroundJob::take(const client::Reply& reply) {
  if (!reply.error.empty()) return client::describe_error(reply);
  if (reply.continues) {
    const Result<JobId> id = proto::read_accepted(reply.parameters);
    if (!id) return id.error();
    id_ = *id;
    return std::optional<proto::Ending>{};
  }
  Result<proto::Ending> ending = proto::read_ending(reply.parameters);
  if (!ending) return ending.error();
  return std::optional<proto::Ending>{std::move(*ending)};
}

ForegroundJob::Ladder ForegroundJob::on_press() {
  ++presses_;
  if (presses_ >= kPressesToLeave) return Ladder::leave;
  return id_ ? act() : Ladder::stay;
}

ForegroundJob::Ladder ForegroundJob::act() {
  acted_ = presses_;
  const std::string id = std::to_string(id_->value);
  if (on_interrupt_ == OnInterrupt::detach) {
    tell("job " + id + " goes on; collect it with 'jobpool get " + id + "'");
    return Ladder::leave;
  }
  if (presses_ == 1 && !is_function_)
    send_stop("org.jobpool.Job.Kill", proto::write_kill(proto::KillRequest{*id_, SIGINT}));
  else
    send_stop("org.jobpool.Job.Cancel", proto::write_cancel(proto::CancelRequest{{*id_}, presses_ > 2}));
  return Ladder::stay;
}

// Each stop has a connection of its own: a Cancel is answered only at the job's end, and the daemon answers in order. The connections of
// earlier ones are kept, since a hang-up would take them back.
void ForegroundJob::send_stop(std::string_view method, const std::string& parameters) {
  const TimePoint deadline = Clock::now() + kStopPatience;
  Result<client::Connection> connection = connections_.open_new(deadline);
  const Result<void> sent = connection ? connection->send(proto::write_call(method, parameters), {}, deadline) : connection.error();
  if (!sent) return tell("job " + std::to_string(id_->value) + ": could not be stopped: " + sent.error().text);
  if (stops_) older_stops_.push_back(std::move(*stops_));
  stops_ = std::move(*connection);
}

void ForegroundJob::read_stop_reply() {
  const Result<client::Reply> reply = stops_->receive(Clock::now() + kStopPatience);
  stops_.reset();
  // A command that does not run yet cannot get a signal: what was meant is that it should not.
  if (reply && reply->error == proto::error::kNotRunning)
    send_stop("org.jobpool.Job.Cancel", proto::write_cancel(proto::CancelRequest{{*id_}, false}));
}

}  // namespace jobpool::cli
