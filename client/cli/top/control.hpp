// What a key means: changes the view, and says what is to be asked of the daemon. Pure.
#pragma once

#include "client/cli/top/keys.hpp"
#include "client/cli/top/model.hpp"

namespace jobpool::cli {

struct TopAction {
  enum class Kind { none, quit, cancel, retry } kind = Kind::none;
  JobId job = {};
};

TopAction act(const Key& key, const TopData& data, TopView& view);

}  // namespace jobpool::cli
