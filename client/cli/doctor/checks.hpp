// The checks of `jobpool doctor`: each looks at one thing and says what it has found. What they look at is passed in, so that tests can
// make each of them fail. The program jobpool; nothing is changed, and nothing is started but programs that only look.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/doctor/finding.hpp"
#include "client/cli/doctor/process_facts.hpp"

namespace jobpool::cli::doctor {

// check_daemon.cpp: what the daemon's programs say of themselves
Finding check_version(std::string_view client, std::string_view daemon);
Finding check_protocol(const std::vector<std::string>& interfaces);  // those that it offers
// By its own words and environment, nothing of ours. Requires: refuse_to_run() has nothing against it.
Finding check_configuration(const ProcessFacts& supervisor);
Finding check_configuration_file(const std::string& program, const std::string& file);
// The one that it finds where none is named, with our own environment: what a daemon would be started with.
Finding check_default_configuration(const std::string& program);
// `versions`: what `jobpool-broker --version` prints.
Finding check_sqlite(std::string_view versions);

// check_files.cpp: directories, and who may write there. `uid`: whose they should be.
Finding check_socket_directory(const std::string& socket, uid_t uid);
Finding check_state_directory(const std::string& directory, uid_t uid);
Finding check_file_system(const std::string& directory, long magic);  // statfs's f_type
Finding check_free_space(const std::string& directory, std::uint64_t free_bytes);
Finding check_ballast(const std::string& directory);
Finding check_plugin_directory(const std::string& directory, uid_t uid);

// check_limits.cpp: what the kernel lets the daemon do
Finding check_open_files(const ProcessFacts& supervisor, unsigned workers);
// `cgroups`: where the cgroup file system is.
Finding check_processes(const ProcessFacts& supervisor, unsigned workers, const std::string& cgroups);
Finding tell_of_process_trees(const ProcessFacts& supervisor, const std::string& cgroups);
Finding check_memory(std::string_view meminfo, unsigned workers);

// check_host.cpp: the host around it
struct Account {
  std::string name, home;
  uid_t uid = 0;
};
// `root`: before /etc, /usr and /var. The user's own socket unit.
Finding check_user_unit(const Account& account, const std::string& root);
Finding check_linger(const Account& account, const std::string& root);
Finding check_clock(std::int64_t wall_usec, bool is_synchronised);

}  // namespace jobpool::cli::doctor
