// The search order: --socket, $JOBPOOL_SOCKET, $XDG_RUNTIME_DIR/jobpool/socket, /run/jobpool/$USER/socket, and the state home
// where there is no runtime directory.
#include "client/lib/address.hpp"

#include <cstdlib>

namespace jobpool::client {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

// The XDG base directory rules: a relative path there is invalid and to be ignored.
std::string absolute_variable(const char* name) {
  std::string value = variable(name);
  return value.starts_with('/') ? value : std::string{};
}

// A name that could lead out of /run/jobpool is not asked for.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

}  // namespace

Surroundings surroundings() {
  Surroundings around;
  around.socket = variable("JOBPOOL_SOCKET");
  around.runtime_directory = absolute_variable("XDG_RUNTIME_DIR");
  around.user = variable("USER");
  if (around.user.empty()) around.user = variable("LOGNAME");
  around.state_home = absolute_variable("XDG_STATE_HOME");
  const std::string home = absolute_variable("HOME");
  if (around.state_home.empty() && !home.empty()) around.state_home = home + "/.local/state";
  return around;
}

SocketPlan plan_socket(std::string_view given, const Surroundings& around) {
  const std::string_view named = given.empty() ? std::string_view{around.socket} : given;
  if (!named.empty()) return SocketPlan{{std::string{named}}, std::string{named}, true};

  SocketPlan plan;
  if (!around.runtime_directory.empty()) {
    plan.start_at = around.runtime_directory + "/jobpool/socket";
    plan.candidates.push_back(plan.start_at);
  }
  if (is_plain_name(around.user)) plan.candidates.push_back("/run/jobpool/" + around.user + "/socket");
  if (plan.start_at.empty() && !around.state_home.empty()) {
    plan.start_at = around.state_home + "/jobpool/socket";
    plan.candidates.push_back(plan.start_at);
  }
  return plan;
}

}  // namespace jobpool::client
