// What the environment of a command becomes when a member of the access group sends it, who is neither the daemon's user nor root. The
// job runs as the daemon's user: variables that make programs load code, read files or look for settings elsewhere are dropped, those that
// say whose session it is are the account's. No wall: whoever may submit may run `env LD_PRELOAD=… program` as well. It keeps one account's
// habits from steering programs of another's by accident, as sudo does. Pure but for clean_environment, once. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/broker/rpc/call.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

// What a command gets whose submitter sent no environment: enough to find programs and a home, nothing of the daemon's own.
const std::vector<std::string>& clean_environment();

// Whether a variable of this name is dropped.
bool steers_programs(std::string_view name);

// `sent` without what is dropped, and with HOME, USER, LOGNAME and SHELL as in `account`, a clean environment.
std::vector<std::string> members_environment(const std::vector<std::string>& sent, const std::vector<std::string>& account);

// Does that to the job's environment, of which as many are inherited then as are left of those that were.
// Requires: it has one.
void keep_to_account(proto::Submission& job, const std::vector<std::string>& account);

// The same if `peer` is here as a member of the group.
void keep_to_account(proto::Submission& job, const Peer& peer);

}  // namespace jobpool::broker
