// The command lines and environments of the broker and the workers. jobpoold.
#pragma once

#include <string>
#include <vector>

#include "daemon/supervisor/instance.hpp"
#include "daemon/supervisor/settings.hpp"

namespace jobpool::supervisor {

std::vector<std::string> broker_arguments(const Settings& settings, const Instance& instance, const History& history);
// Without --number and --incarnation.
std::vector<std::string> worker_arguments(const Settings& settings, const std::string& instance);

// Ours, without what systemd meant for the supervisor alone.
std::vector<std::string> broker_environment(const std::string& instance);
// What programs may expect anywhere, and nothing that jobs should not see: a command brings its own environment along.
std::vector<std::string> worker_environment(const std::string& instance);

}  // namespace jobpool::supervisor
