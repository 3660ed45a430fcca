// jobpool top: a live view of pools, workers and jobs, with keys; without a terminal, one picture.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "client/cli/tell.hpp"
#include "client/cli/top/control.hpp"
#include "client/cli/top/fetch.hpp"
#include "client/cli/top/screen_writer.hpp"
#include "client/cli/top/terminal.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/key.hpp"
#include "client/lib/remote_error.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatienceWithDaemon = 5s;

sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP}) ::sigaddset(&set, signal);
  return set;
}

Colours wanted_colours() { return may_colour(STDOUT_FILENO) ? Colours::wanted : Colours::not_wanted; }

class Top {
 public:
  Top(Context& context, Microseconds interval) : context_(context), interval_(interval) {}

  // One picture, as text.
  int print_once() {
    const Result<TopData> data = fetch(Context::Daemon::start_if_missing);
    if (!data) return fail(data.error());
    std::string text;
    for (const std::string& line : draw_top(*data, view_, Terminal::size(), wanted_colours())) text += line + "\n";
    return print(text);
  }

  int run() {
    Result<TopData> first = fetch(Context::Daemon::start_if_missing);  // while there is still a plain terminal to say what is wrong
    if (!first) return fail(first.error());
    data_ = *std::move(first);
    const sigset_t set = handled_signals();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = UniqueFd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!signals_) return fail(errno_error("signalfd"));
    Result<std::unique_ptr<Terminal>> terminal = Terminal::take();
    if (!terminal) return fail(terminal.error());
    terminal_ = std::move(*terminal);
    const Result<void> done = watch();
    terminal_->leave();
    if (signal_ != 0) die_of(signal_);
    return done ? 0 : fail(done.error());
  }

 private:
  Result<void> watch() {
    TimePoint next = Clock::now() + interval_;
    while (!is_over_) {
      if (auto shown = write_all(STDOUT_FILENO, writer_.update(draw_top(data_, view_, Terminal::size(), wanted_colours()))); !shown)
        return shown;
      std::array<pollfd, 2> ready{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0}};
      if (::poll(ready.data(), ready.size(), view_.frozen ? -1 : client::poll_timeout(next)) < 0 && errno != EINTR)
        return errno_error("poll");
      if (ready[1].revents != 0) take_signals();
      if (ready[0].revents != 0) take_keys();
      if (is_over_ || view_.frozen || Clock::now() < next) continue;
      refresh();
      next = Clock::now() + interval_;
    }
    return {};
  }

  // As if nothing caught the signal: the kernel stops us where a shell can go on with us, and nowhere else. Goes on here.
  static void suspend() {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGTSTP);
    ::raise(SIGTSTP);
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      const int signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGWINCH) {
        writer_.forget();
      } else if (signal == SIGTSTP) {
        terminal_->leave();
        suspend();
        is_over_ = !terminal_->enter();
        writer_.forget();
      } else {
        signal_ = signal;
        is_over_ = true;
      }
    }
  }

  void take_keys() {
    std::array<char, 256> bytes;
    const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (size <= 0) {  // the terminal is gone
      is_over_ = true;
      return;
    }
    for (const Key& key : keys_.feed({bytes.data(), static_cast<std::size_t>(size)})) {
      const std::string pool = view_.pool;
      const TopAction action = act(key, data_, view_);
      if (action.kind == TopAction::Kind::quit) is_over_ = true;
      if (action.kind == TopAction::Kind::cancel) cancel(action.job);
      if (action.kind == TopAction::Kind::retry) retry(action.job);
      if (view_.pool != pool) refresh();
    }
  }

  void cancel(JobId job) {
    // Without waiting for the end, which may take as long as the job's grace: the next picture shows it.
    const auto done = ask("org.jobpool.Job.Cancel", proto::write_cancel(proto::CancelRequest{{job}, false}), proto::CallMode::plain, 200ms);
    const bool goes_on = !done && done.error().code == Errc::timed_out;
    view_.message =
        done || goes_on ? "job " + std::to_string(job.value) + (goes_on ? " is being cancelled" : " was cancelled") : done.error().text;
    refresh();
  }

  void retry(JobId job) {
    const auto done = ask("org.jobpool.Job.Retry", proto::write_retry(proto::RetryRequest{job, client::make_key()}), proto::CallMode::plain,
                          kPatienceWithDaemon);
    const Result<JobId> made = done ? proto::read_accepted(done->back()) : Result<JobId>{done.error()};
    view_.message = made ? "job " + std::to_string(job.value) + " is tried again as job " + std::to_string(made->value) : made.error().text;
    refresh();
  }

  void refresh() {
    Result<TopData> data = fetch(Context::Daemon::must_run);
    view_.trouble = data ? "" : data.error().text;
    if (data) data_ = *std::move(data);
  }

  Result<TopData> fetch(Context::Daemon daemon) {
    if (const auto connected = context_.connect(daemon); !connected) return connected.error();
    const AskDaemon one = [this](std::string_view method, const std::string& parameters, proto::CallMode mode) {
      return ask(method, parameters, mode, kPatienceWithDaemon);
    };
    return fetch_top(one, view_);
  }

  // A signal ends the wait for an answer.
  Result<std::vector<proto::JsonObject>> ask(std::string_view method, const std::string& parameters, proto::CallMode mode,
                                             Microseconds patience) {
    const Result<client::Connections*> connections = context_.connect(Context::Daemon::must_run);
    if (!connections) return connections.error();
    const bool acts = method == "org.jobpool.Job.Retry" || method == "org.jobpool.Job.Cancel";
    client::RecoveringCall call(**connections, proto::write_call(method, parameters, mode),
                                acts ? client::Resend::same_instance : client::Resend::always);
    std::vector<proto::JsonObject> replies;
    for (;;) {
      std::array<pollfd, 1> others{pollfd{signals_.get(), POLLIN, 0}};
      Result<std::optional<client::Reply>> reply = call.next(Clock::now() + patience, signals_ ? std::span{others} : std::span<pollfd>{});
      if (!reply) return reply.error();
      if (!*reply) return Error{Errc::timed_out, "interrupted by a signal"};
      if (!(*reply)->error.empty()) return client::describe_error(**reply);
      replies.push_back(std::move((*reply)->parameters));
      if (!(*reply)->continues) return replies;
    }
  }

  // As if it had never been handled: whoever started us sees what we died of.
  [[noreturn]] static void die_of(int signal) {
    ::signal(signal, SIG_DFL);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, signal);
    ::raise(signal);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::_exit(128 + signal);
  }

  Context& context_;
  const Microseconds interval_;
  UniqueFd signals_;
  std::unique_ptr<Terminal> terminal_;
  KeyReader keys_;
  ScreenWriter writer_;
  TopData data_;
  TopView view_;
  bool is_over_ = false;
  int signal_ = 0;
};

}  // namespace

int run_top(Context& context, Words words) {
  Options options(context,
                  {"top [options]",
                   "A live view of pools, workers, jobs and rates. Keys: arrows select a job, c cancels it, r retries it, / filters,\n"
                   "p shows one pool, s sorts, ? explains, q quits. Without a terminal, or with --once, it prints one picture.",
                   "jobpool top --interval 500ms"});
  std::optional<Microseconds> interval;
  bool once = false;
  options.duration("--interval", "D", "between two pictures; 1s when absent", interval);
  options.flag("--once", "print one picture and leave", once);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("top takes no operands");
  if (context.json) return options.misused("top is for people: 'jobpool status --json' and 'jobpool events --json' are for scripts");
  if (interval && *interval < 50ms) return options.misused("--interval: at least 50ms");
  Top top(context, interval.value_or(1s));
  return once || !Terminal::is_there() ? top.print_once() : top.run();
}

}  // namespace jobpool::cli
