// Public values of pools to the protocol's, and back. Pure.
#pragma once

#include "jobpool/pool_options.hpp"
#include "proto/messages.hpp"

namespace jobpool::client {

proto::CreatePoolRequest create_request(const std::string& name, const PoolOptions& options);
PoolInfo pool_info(const proto::PoolInfo& pool);

}  // namespace jobpool::client
