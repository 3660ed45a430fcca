// Versions, protocol, configuration, SQLite. See checks.hpp.
#include <algorithm>
#include <array>

#include "client/cli/doctor/checks.hpp"

namespace jobpool::cli::doctor {
namespace {

constexpr std::array<std::string_view, 4> kInterfaces{"org.jobpool.Pool", "org.jobpool.Job", "org.jobpool.Queue", "org.jobpool.Process"};
constexpr const char* kConfiguration = "configuration";

std::string first_line(std::string_view text) { return std::string{text.substr(0, text.find('\n'))}; }

// What `words` with --check-config say. `remedy`: of a configuration that is refused.
struct Trial {
  std::vector<std::string> words, environment;
  std::string directory, good_text, remedy;
};
Finding configuration_finding(Trial trial) {
  trial.words.emplace_back("--check-config");
  const Result<Output> output = output_of(std::move(trial.words), std::move(trial.environment), trial.directory);
  if (!output) return note(kConfiguration, "could not be checked: " + output.error().text);
  if (output->exit_code == 0) return good(kConfiguration, trial.good_text);
  return problem(kConfiguration, first_line(output->text), trial.remedy);
}

// The path behind the last --config, as "--config FILE" or "--config=FILE"; else that of the environment; empty: neither.
std::string configuration_file_of(const ProcessFacts& daemon) {
  constexpr std::string_view kOption = "--config", kVariable = "JOBPOOLD_CONFIG=";
  std::string file;
  for (const std::string& variable : daemon.environment)
    if (variable.starts_with(kVariable)) file = variable.substr(kVariable.size());
  if (file.starts_with('-')) file.erase(0, 1);  // it may be missing
  for (std::size_t i = 1; i < daemon.words.size(); ++i) {
    const std::string_view word = daemon.words[i];
    if (word == kOption && i + 1 < daemon.words.size()) file = daemon.words[i + 1];
    if (word.starts_with(kOption) && word.substr(kOption.size()).starts_with('=')) file = word.substr(kOption.size() + 1);
  }
  return file;
}

// "3.40.1" as 3'040'001; 0: not understood.
int number_of_version(std::string_view text) {
  int number = 0;
  for (int part = 0; part < 3; ++part) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 4; ++digits)
      value = value * 10 + (text[digits] - '0');
    if (digits == 0) return 0;
    number = number * 1'000 + value;
    text.remove_prefix(digits);
    if (text.starts_with('.')) text.remove_prefix(1);
  }
  return number;
}

}  // namespace

Finding check_version(std::string_view client, std::string_view daemon) {
  constexpr const char* kCheck = "version";
  if (client == daemon) return good(kCheck, "client and daemon are " + std::string{client});
  return problem(kCheck, "jobpool is " + std::string{client} + ", the daemon that answers is " + std::string{daemon},
                 "change the daemon over to the installed programs, while its jobs go on: jobpool reload --wait");
}

Finding check_protocol(const std::vector<std::string>& interfaces) {
  constexpr const char* kCheck = "protocol";
  for (const std::string_view wanted : kInterfaces)
    if (std::ranges::find(interfaces, wanted) == interfaces.end())
      return problem(kCheck, "the daemon does not speak " + std::string{wanted},
                     "something else listens at this socket, or an older daemon: jobpool reload --wait, or name another with --socket");
  return good(kCheck, "all " + std::to_string(kInterfaces.size()) + " interfaces of this jobpool are there");
}

Finding check_configuration(const ProcessFacts& supervisor) {
  // It has left the folder that it was started in.
  if (const std::string file = configuration_file_of(supervisor); !file.empty() && !file.starts_with('/'))
    return note(kConfiguration, "could not be checked: " + file + " is meant from where the daemon was started, and nobody knows where",
                "name it by its whole path, --config /…; or look at it from there: jobpool doctor --config " + file);
  Trial trial{{supervisor.program},
              supervisor.environment,
              "/",
              "what the daemon was started with is valid",
              "mend that line; the daemon goes on with its old settings until then, and cannot be started anew"};
  for (std::size_t i = 1; i < supervisor.words.size(); ++i) {
    if (supervisor.words[i] == "--resume-fd")
      ++i;  // of a reload: a descriptor that only it has
    else
      trial.words.push_back(supervisor.words[i]);
  }
  return configuration_finding(std::move(trial));
}

Finding check_configuration_file(const std::string& program, const std::string& file) {
  std::vector<std::string> environment = own_environment();
  // What would win over the file, and is not in it.
  std::erase_if(environment, [](const std::string& variable) { return variable.starts_with("JOBPOOLD_"); });
  return configuration_finding({{program, "--config", file},
                                std::move(environment),
                                ".",
                                file + " is valid",
                                "mend " + file + ", and try it again: jobpoold --config " + file + " --check-config"});
}

Finding check_default_configuration(const std::string& program) {
  return configuration_finding({{program},
                                own_environment(),
                                ".",
                                "what a daemon would be started with is valid",
                                "mend that, and try it again: jobpoold --check-config"});
}

Finding check_sqlite(std::string_view versions) {
  constexpr const char* kCheck = "SQLite";
  constexpr int kNeeded = 3'037'000;  // STRICT tables
  constexpr std::string_view kWord = "SQLite ";
  const std::size_t at = versions.find(kWord);
  if (at == std::string_view::npos) return note(kCheck, "jobpool-broker does not say which it has");
  const std::string line = first_line(versions.substr(at + kWord.size()));
  const std::string version = line.substr(0, line.find(' '));
  const std::string remedy = "install another libsqlite3, then: jobpool reload --wait";
  if (number_of_version(version) < kNeeded) return problem(kCheck, version + " is too old: the store needs 3.37", remedy);
  for (const auto& [option, why] :
       {std::pair{"THREADSAFE=0", "the store has a thread of its own"}, std::pair{"OMIT_WAL", "the store is written through a log"},
        std::pair{"OMIT_AUTOINIT", "nothing initialises it"}})
    if ((line + " ").find(std::string{" "} + option + " ") != std::string::npos)
      return problem(kCheck, version + " was compiled with " + option + ", but " + why, remedy);
  return good(kCheck, version);
}

}  // namespace jobpool::cli::doctor
