// jobpool-broker: started by the supervisor, never by a person. Reads its options and runs the broker.
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "common/log.hpp"
#include "daemon/broker/broker.hpp"

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

std::optional<Options> read_options(int argc, char** argv) {
  enum : int { control_fd = 1, instance, state_dir, socket, workers, log_level, restarts, since, plugin_dir };
  static constexpr option kOptions[] = {
      {"control-fd", required_argument, nullptr, control_fd}, {"instance", required_argument, nullptr, instance},
      {"state-dir", required_argument, nullptr, state_dir},   {"socket", required_argument, nullptr, socket},
      {"workers", required_argument, nullptr, workers},       {"log-level", required_argument, nullptr, log_level},
      {"restarts", required_argument, nullptr, restarts},     {"since", required_argument, nullptr, since},
      {"plugin-dir", required_argument, nullptr, plugin_dir}, {}};
  Options options;
  for (;;) {
    const int found = ::getopt_long(argc, argv, "", kOptions, nullptr);
    if (found == -1) break;
    bool good = true;
    switch (found) {
      case control_fd:
        good = read_number(optarg, options.broker.control_fd);
        break;
      case instance:
        options.broker.instance = optarg;
        break;
      case state_dir:
        options.broker.state_dir = optarg;
        break;
      case workers:
        good = read_number(optarg, options.broker.workers);
        break;
      case log_level:
        options.log_level = optarg;
        break;
      case restarts:
        good = read_number(optarg, options.broker.restarts);
        break;
      case since:
        good = read_number(optarg, options.broker.since_usec);
        break;
      case socket:      // the workers' business
      case plugin_dir:  // likewise
        break;
      default:
        good = false;
    }
    if (!good) return std::nullopt;
  }
  if (optind != argc || options.broker.control_fd < 0 || options.broker.instance.empty() || options.broker.state_dir.empty())
    return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  if (!options) {
    std::fputs("jobpool-broker: started by jobpoold only; run `jobpoold --help`\n", stderr);
    return kExitUsage;
  }
  if (const auto logging = jobpool::start_logging("jobpool-broker", options->log_level); !logging) {
    std::fprintf(stderr, "jobpool-broker: %s\n", logging.error().text.c_str());
    return kExitUsage;
  }
  // A hint only, beside the hang-up of the control socket: nothing of the daemon may outlive its supervisor.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error of its write, which is told.
  ::signal(SIGXFSZ, SIG_IGN);
  // A terminal's Ctrl-C goes to the whole foreground group; the supervisor decides what it means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGQUIT, SIG_IGN);
  return jobpool::broker::Broker{options->broker}.run();
}
