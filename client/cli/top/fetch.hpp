// What `jobpool top` asks the daemon for each picture: some twenty small questions, none of which looks through all jobs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/top/model.hpp"
#include "common/result.hpp"
#include "proto/envelope.hpp"

namespace jobpool::cli {

// Asks, and gives the parameters of all replies.
using AskDaemon =
    std::function<Result<std::vector<proto::JsonObject>>(std::string_view method, const std::string& parameters, proto::CallMode)>;

Result<TopData> fetch_top(const AskDaemon& ask, const TopView& view);

}  // namespace jobpool::cli
