// jobpool-broker: started by the supervisor, never by a person. Reads its options and runs the broker.
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "common/log.hpp"
#include "daemon/broker/broker.hpp"
#include "daemon/broker/store/open_store.hpp"
#include "daemon/broker/store/sqlite_version.hpp"
#include "proto/version.hpp"

namespace {

constexpr int kExitUsage = 2;

template <class Number>
bool read_number(const char* text, Number& number) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  return error == std::errc{} && stop == end;
}

struct Options {
  jobpool::broker::BrokerOptions broker;
  std::string log_level = "info";
};

bool read_seconds(const char* text, std::chrono::seconds& time) {
  std::int64_t number = 0;
  if (!read_number(text, number)) return false;
  time = std::chrono::seconds{number};
  return true;
}

// An apply that was answered is an ended job as well; by itself the core keeps fewer of them, since nobody has still to collect it.
bool read_kept(const char* text, jobpool::broker::CoreLimits& limits) {
  if (!read_number(text, limits.kept_async)) return false;
  limits.kept_apply = std::min(limits.kept_apply, limits.kept_async);
  return true;
}

bool read_ledger_bytes(const char* text, std::uint64_t& bytes) {
  constexpr std::uint64_t kPage = 4'096;
  return read_number(text, bytes) && bytes > 0 && bytes % kPage == 0;
}

bool read_text(const char* text, std::string& target) {
  target = text;
  return true;
}

bool read_group(const char* text, std::optional<gid_t>& group) {
  gid_t number = 0;
  if (!read_number(text, number)) return false;
  group = number;
  return true;
}

// For `jobpool doctor`: what the store is made with.
int print_versions() {
  std::printf("jobpool-broker %s\n%s\n", std::string{jobpool::version()}.c_str(), jobpool::broker::sqlite_version().c_str());
  return 0;
}

// For a trial before a reload (supervisor/program_check.hpp), while another broker has the store: whether this one could serve.
int check_store(const char* state_dir) {
  const auto checked = jobpool::broker::check_store(state_dir);
  if (checked) return 0;
  std::fprintf(stderr, "jobpool-broker: %s\n", checked.error().text.c_str());
  return 1;
}

// See common/control/arguments.hpp.
struct KnownOption {
  const char* name;
  bool (*take)(const char* text, Options& options);  // false: it is none
};
constexpr KnownOption kKnown[] = {
    {"control-fd", [](const char* text, Options& options) { return read_number(text, options.broker.control_fd); }},
    {"instance", [](const char* text, Options& options) { return read_text(text, options.broker.instance); }},
    {"state-dir", [](const char* text, Options& options) { return read_text(text, options.broker.state_dir); }},
    {"workers", [](const char* text, Options& options) { return read_number(text, options.broker.workers); }},
    {"log-level", [](const char* text, Options& options) { return read_text(text, options.log_level); }},
    {"restarts", [](const char* text, Options& options) { return read_number(text, options.broker.restarts); }},
    {"reloads", [](const char* text, Options& options) { return read_number(text, options.broker.reloads.emplace()); }},
    {"failed-reloads", [](const char* text, Options& options) { return read_number(text, options.broker.failed_reloads.emplace()); }},
    {"since", [](const char* text, Options& options) { return read_number(text, options.broker.since_usec); }},
    {"queue-limit", [](const char* text, Options& options) { return read_number(text, options.broker.limits.max_queued_jobs); }},
    {"queue-limit-per-user", [](const char* text, Options& options) { return read_number(text, options.broker.limits.max_queued_of_one); }},
    {"keep-ended-count", [](const char* text, Options& options) { return read_kept(text, options.broker.limits); }},
    {"keep-ended-seconds", [](const char* text, Options& options) { return read_seconds(text, options.broker.limits.kept_for); }},
    {"ledger-entries", [](const char* text, Options& options) { return read_number(text, options.broker.ledger.entries); }},
    {"ledger-bytes", [](const char* text, Options& options) { return read_ledger_bytes(text, options.broker.ledger.heap_bytes); }},
    {"access-group", [](const char* text, Options& options) { return read_group(text, options.broker.access_group); }},
    {"socket", [](const char*, Options&) { return true; }},      // the workers' business
    {"plugin-dir", [](const char*, Options&) { return true; }},  // likewise
};

std::optional<Options> read_options(int argc, char** argv) {
  constexpr int kFound = 1;
  std::array<option, std::size(kKnown) + 1> names{};  // the last one stays empty
  std::transform(std::begin(kKnown), std::end(kKnown), names.begin(), [](const KnownOption& known) {
    return option{known.name, required_argument, nullptr, kFound};
  });
  Options options;
  for (int index = 0;;) {
    const int found = ::getopt_long(argc, argv, "", names.data(), &index);
    if (found == -1) break;
    if (found != kFound || !kKnown[index].take(optarg, options)) return std::nullopt;
  }
  if (optind != argc || options.broker.control_fd < 0 || options.broker.instance.empty() || options.broker.state_dir.empty())
    return std::nullopt;
  return options;
}

// Asio says by an exception that there is no descriptor for what it waits with. The next broker may find one.
int run_broker(const jobpool::broker::BrokerOptions& options) {
  std::optional<jobpool::broker::Broker> broker;
  try {
    broker.emplace(options);
  } catch (const std::system_error& error) {
    jobpool::log::critical("cannot begin to wait for anything: {}", error.what());
    return jobpool::broker::kExitTryAgain;
  }
  return broker->run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "--version") return print_versions();
  if (argc == 3 && std::string_view{argv[1]} == "--check-store") return check_store(argv[2]);
  ::prctl(PR_SET_NAME, "jobpool-broker");  // it was executed by a descriptor, and has that one's number as its name
  const auto options = read_options(argc, argv);
  if (!options) {
    std::fputs("jobpool-broker: started by jobpoold only; run `jobpoold --help`\n", stderr);
    return kExitUsage;
  }
  if (const auto logging = jobpool::start_logging("jobpool-broker", options->log_level); !logging) {
    std::fprintf(stderr, "jobpool-broker: %s\n", logging.error().text.c_str());
    return kExitUsage;
  }
  // Small blocks are joined with their neighbours when they are freed, not in heaps later: else, behind a million queued jobs, what a
  // submit takes and gives back lies scattered between these, and costs half as much again.
  ::mallopt(M_MXFAST, 0);
  // A hint only, beside the hang-up of the control socket: nothing of the daemon may outlive its supervisor.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error of its write, which is told.
  ::signal(SIGXFSZ, SIG_IGN);
  // A terminal's Ctrl-C goes to the whole foreground group; the supervisor decides what it means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGQUIT, SIG_IGN);
  return run_broker(options->broker);
}
