// jobpool doctor: looks at an installation, and names each problem with its remedy.
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "client/cli/autostart.hpp"
#include "client/cli/doctor/checks.hpp"
#include "client/cli/doctor/trust.hpp"
#include "client/cli/listener.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/address.hpp"
#include "common/clock.hpp"
#include "proto/version.hpp"

namespace jobpool::cli {
namespace {

using doctor::Finding;

constexpr const char* kCgroups = "/sys/fs/cgroup";
constexpr std::chrono::seconds kListenerPatience{10};

class Doctor {
 public:
  explicit Doctor(Context& context) : context_(context) {}

  std::vector<Finding> examine(const std::string& configuration) {
    check_sockets();
    check_daemon();
    if (!configuration.empty() || !answers_) check_file(configuration);
    check_host();
    return std::move(findings_);
  }

 private:
  void found(Finding finding) { findings_.push_back(std::move(finding)); }

  // Where a socket is there: of places where none is, whoever listens there makes the directory.
  void check_sockets() {
    for (const std::string& socket : client::plan_socket(context_.socket, client::surroundings()).candidates) {
      struct stat about {};
      if (::stat(socket.c_str(), &about) == 0) found(doctor::check_socket_directory(socket, about.st_uid));
    }
  }

  void check_daemon() {
    const Result<client::Reply> reply = context_.ask("org.jobpool.Pool.Hello", "{}");
    const Result<proto::Hello> hello = reply ? proto::read_hello(reply->parameters) : Result<proto::Hello>{reply.error()};
    if (!hello) return found(no_daemon(hello.error()));
    answers_ = true;
    found(doctor::good("daemon", "it answers, pid " + std::to_string(hello->supervisor_pid)));
    found(doctor::check_version(version(), hello->version));
    check_protocol();
    const doctor::ProcessFacts supervisor = doctor::facts_of(hello->supervisor_pid), broker = doctor::facts_of(hello->broker_pid);
    check_programs(supervisor, broker);
    check_limits(supervisor);
    struct stat about {};
    const uid_t uid = ::stat(("/proc/" + std::to_string(hello->broker_pid)).c_str(), &about) == 0 ? about.st_uid : ::geteuid();
    for (const std::string& directory : doctor::values_of(broker.words, "--state-dir")) check_state(directory, uid);
    for (const std::string& directory : doctor::values_of(broker.words, "--plugin-dir"))
      found(doctor::check_plugin_directory(directory, uid));
  }

  static Finding no_daemon(const Error& why) {
    const char* remedy = is_death_at_start(why)
                             ? "mend what its log says, then look again: jobpool doctor"
                             : "start it: systemctl --user enable --now jobpoold.socket, or jobpoold; its log says why it does not";
    return doctor::problem("daemon", why.text, remedy);
  }

  void check_protocol() {
    const Result<client::Reply> info = context_.ask("org.varlink.service.GetInfo", "{}");
    if (!info)
      return found(doctor::problem("protocol", info.error().text, "something else listens at this socket: name another with --socket"));
    std::vector<std::string> interfaces;
    if (const auto list = info->parameters.member("interfaces"); list && list->is_array())
      for (const proto::JsonText element : list->elements())
        if (auto name = element.string()) interfaces.push_back(*std::move(name));
    found(doctor::check_protocol(interfaces));
  }

  // What they say themselves. Which they are is only the daemon's word: see trust.hpp.
  void check_programs(const doctor::ProcessFacts& supervisor, const doctor::ProcessFacts& broker) {
    const std::optional<uid_t> listener = find_listener();
    const auto may_run = [&](const doctor::ProcessFacts& process, const char* name, const char* check) {
      const std::optional<doctor::Refusal> refusal = doctor::refuse_to_run(process, name, listener, ::geteuid());
      if (refusal) found(doctor::note(check, "could not be checked: " + refusal->why, refusal->remedy));
      return !refusal;
    };
    if (may_run(supervisor, "jobpoold", "configuration")) found(doctor::check_configuration(supervisor));
    if (!may_run(broker, "jobpool-broker", "SQLite")) return;
    const Result<doctor::Output> versions = doctor::output_of({broker.program, "--version"}, broker.environment, "/");
    found(versions ? doctor::check_sqlite(versions->text) : doctor::note("SQLite", versions.error().text));
  }

  std::optional<uid_t> find_listener() {
    const Result<client::Connections*> connections = context_.connect();
    if (!connections) return std::nullopt;
    Result<client::Connection> connection = (*connections)->take(Clock::now() + kListenerPatience);
    if (!connection) return std::nullopt;
    const std::optional<ucred> listener = listener_of(connection->fd());
    (*connections)->give_back(std::move(*connection));
    return listener ? std::optional{listener->uid} : std::nullopt;
  }

  void check_limits(const doctor::ProcessFacts& supervisor) {
    const Result<client::Reply> reply = context_.ask("org.jobpool.Pool.Status", "{}");
    const Result<proto::Status> status = reply ? proto::read_status(reply->parameters) : Result<proto::Status>{reply.error()};
    if (!status) return found(doctor::problem("workers", status.error().text, "see the daemon's log"));
    std::int64_t workers = 0;
    for (const proto::PoolStatus& pool : status->pools) workers += pool.workers;
    const auto count = static_cast<unsigned>(workers);
    found(doctor::check_open_files(supervisor, count));
    found(doctor::check_processes(supervisor, count, kCgroups));
    found(doctor::tell_of_process_trees(supervisor, kCgroups));
    found(doctor::check_memory(doctor::text_of_file("/proc/meminfo"), count));
    if (status->rescued_wakeups > 0)
      found(doctor::problem("wake-ups", std::to_string(status->rescued_wakeups) + " were only found by the audit",
                            "this is a bug: please report it"));
  }

  void check_state(const std::string& directory, uid_t uid) {
    found(doctor::check_state_directory(directory, uid));
    struct statfs kind {};
    if (::statfs(directory.c_str(), &kind) == 0) found(doctor::check_file_system(directory, static_cast<long>(kind.f_type)));
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) == 0)
      found(doctor::check_free_space(directory, std::uint64_t{space.f_bavail} * space.f_frsize));
    found(doctor::check_ballast(directory));
  }

  // By the jobpoold that would be started. Empty: the one that it would find.
  void check_file(const std::string& configuration) {
    const Result<std::string> program = find_daemon_program();
    if (!program) return found(doctor::note("configuration", "could not be checked: " + program.error().text));
    found(configuration.empty() ? doctor::check_default_configuration(*program)
                                : doctor::check_configuration_file(*program, configuration));
  }

  void check_host() {
    const client::Surroundings around = client::surroundings();
    const char* home = std::getenv("HOME");
    const doctor::Account account{around.user, home == nullptr ? "" : home, ::geteuid()};
    found(doctor::check_user_unit(account, ""));
    if (!account.name.empty() && account.name.find('/') == std::string::npos) found(doctor::check_linger(account, ""));
    timex clock{};
    found(doctor::check_clock(wall_usec(), ::adjtimex(&clock) != TIME_ERROR && (clock.status & STA_UNSYNC) == 0));
  }

  Context& context_;
  bool answers_ = false;  // the daemon
  std::vector<Finding> findings_;
};

}  // namespace

int run_doctor(Context& context, Words words) {
  Options options(
      context,
      {"doctor [options]",
       "Looks at the installation: the daemon (which is started as by other verbs), its version, protocol, configuration and limits, its\n"
       "directories, their disk, SQLite, the systemd units and the clock. Each problem is named with its remedy. Exit code 0: there is "
       "none.",
       "jobpool doctor --json | jq 'select(.health == \"problem\")'"});
  std::string configuration;
  options.text("--config", "FILE", "check this configuration file as well", configuration);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("doctor takes no operands");
  const std::vector<Finding> findings = Doctor(context).examine(configuration);
  const int code = doctor::has_problem(findings) ? 1 : 0;
  return print(context.json ? doctor::findings_json(findings) : doctor::findings_text(findings), code);
}

}  // namespace jobpool::cli
