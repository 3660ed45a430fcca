// The names are those that the C library drops for set-uid programs and sudo drops by default, and what leads to another user's session.
#include "daemon/broker/rpc/members_environment.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace jobpool::broker {
namespace {

// BASH_FUNC_: functions that bash reads from its environment. XDG_: another user's settings, and runtime directory.
constexpr std::array<std::string_view, 8> kDroppedBeginnings{"LD_",    "_RLD",       "MALLOC_", "BASH_FUNC_",
                                                             "PYTHON", "GIT_CONFIG", "XDG_",    "JOBPOOL"};
constexpr std::array<std::string_view, 47> kDroppedNames{
    // the C library's
    "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "NIS_PATH", "NLSPATH", "PATH_LOCALE",
    "RESOLV_HOST_CONF", "RES_OPTIONS", "TMPDIR", "TZDIR",
    // terminals'
    "TERMCAP", "TERMINFO", "TERMINFO_DIRS", "TERMPATH",
    // shells'
    "BASHOPTS", "BASH_ENV", "CDPATH", "ENV", "FPATH", "GLOBIGNORE", "IFS", "NULLCMD", "PS4", "READNULLCMD", "SHELLOPTS", "TMPPREFIX",
    "ZDOTDIR",
    // interpreters'
    "JAVA_TOOL_OPTIONS", "NODE_OPTIONS", "NODE_PATH", "PERL5DB", "PERL5LIB", "PERL5OPT", "PERLIO_DEBUG", "PERLLIB", "RUBYLIB", "RUBYOPT",
    // of another user's session
    "DBUS_SESSION_BUS_ADDRESS", "MAIL", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GNUPGHOME", "XAUTHORITY", "OLDPWD"};
constexpr std::array<std::string_view, 4> kAccountsNames{"HOME", "USER", "LOGNAME", "SHELL"};

std::string_view name_in(std::string_view assignment) { return assignment.substr(0, assignment.find('=')); }

bool is_accounts(std::string_view name) { return std::ranges::find(kAccountsNames, name) != kAccountsNames.end(); }

bool is_kept(std::string_view variable) { return !is_accounts(name_in(variable)) && !steers_programs(name_in(variable)); }

std::vector<std::string> make_clean_environment() {
  std::vector<std::string> environment;
  const passwd* user = ::getpwuid(::getuid());
  const auto add = [&](const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    if (value == nullptr) value = fallback;
    if (value != nullptr) environment.push_back(std::string{name} + "=" + value);
  };
  add("PATH", "/usr/local/bin:/usr/bin:/bin");
  add("HOME", user != nullptr ? user->pw_dir : "/");
  add("USER", user != nullptr ? user->pw_name : nullptr);
  add("LOGNAME", user != nullptr ? user->pw_name : nullptr);
  add("SHELL", "/bin/sh");
  add("LANG", nullptr);
  return environment;
}

}  // namespace

const std::vector<std::string>& clean_environment() {
  static const std::vector<std::string> kClean = make_clean_environment();
  return kClean;
}

bool steers_programs(std::string_view name) {
  return std::ranges::find(kDroppedNames, name) != kDroppedNames.end() ||
         std::ranges::any_of(kDroppedBeginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

std::vector<std::string> members_environment(const std::vector<std::string>& sent, const std::vector<std::string>& account) {
  std::vector<std::string> kept;
  kept.reserve(sent.size());
  for (const std::string& variable : sent)
    if (is_kept(variable)) kept.push_back(variable);
  for (const std::string& variable : account)
    if (is_accounts(name_in(variable))) kept.push_back(variable);
  return kept;
}

void keep_to_account(proto::Submission& job, const std::vector<std::string>& account) {
  job.inherited = static_cast<std::size_t>(std::ranges::count_if(std::span{*job.environment}.first(job.inherited), is_kept));
  job.environment = members_environment(*job.environment, account);
}

void keep_to_account(proto::Submission& job, const Peer& peer) {
  static const uid_t kAccount = ::getuid();
  if (!job.environment || peer.uid == kAccount || peer.uid == 0) return;
  keep_to_account(job, clean_environment());
}

}  // namespace jobpool::broker
