// Units, lingering, the clock. See checks.hpp.
#include <unistd.h>

#include <array>

#include "client/cli/doctor/checks.hpp"

namespace jobpool::cli::doctor {
namespace {

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Finding check_user_unit(const Account& account, const std::string& root) {
  constexpr const char* kCheck = "systemd unit";
  constexpr const char* kUnit = "/jobpoold.socket";
  const std::array installed{account.home + "/.config/systemd/user", root + "/etc/systemd/user", root + "/usr/local/lib/systemd/user",
                             root + "/usr/lib/systemd/user", root + "/lib/systemd/user"};
  const auto enabled_in = [&](const std::string& directory) { return is_there(directory + "/sockets.target.wants" + kUnit); };
  if (enabled_in(installed[0]) || enabled_in(installed[1])) return good(kCheck, "jobpoold.socket is enabled for the user");
  for (const std::string& directory : installed)
    if (is_there(directory + kUnit))
      return note(kCheck, "jobpoold.socket is installed and not enabled: jobpool starts it when it is first used, and nothing does before",
                  "systemctl --user enable --now jobpoold.socket");
  return note(kCheck, "jobpoold.socket is not installed: jobpool starts a private daemon, which nobody limits or restarts",
              "install the units (cmake --install, or the package jobpool), then: systemctl --user enable --now jobpoold.socket");
}

Finding check_linger(const Account& account, const std::string& root) {
  constexpr const char* kCheck = "lingering";
  if (account.uid == 0) return good(kCheck, "root's processes do not end with a session");
  if (is_there(root + "/var/lib/systemd/linger/" + account.name))
    return good(kCheck, "jobs of " + account.name + " go on without a session");
  return note(kCheck, "jobs of " + account.name + " may end with the last session", "loginctl enable-linger " + account.name);
}

Finding check_clock(std::int64_t wall_usec, bool is_synchronised) {
  constexpr const char* kCheck = "clock";
  constexpr std::int64_t kYear2024 = 1'704'067'200'000'000;
  if (wall_usec < kYear2024)
    return problem(kCheck, "it is before 2024 by the host's clock: --at and the age of ended jobs are told by it",
                   "set it: timedatectl set-ntp true");
  if (!is_synchronised)
    return note(kCheck, "nobody keeps it synchronised: --at and the age of ended jobs are told by it", "timedatectl set-ntp true");
  return good(kCheck, "synchronised");
}

}  // namespace jobpool::cli::doctor
