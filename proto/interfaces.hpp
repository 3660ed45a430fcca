// The interface files, embedded at build time: the text that GetInterfaceDescription answers is the file in this folder.
#pragma once

#include <span>
#include <string_view>

namespace jobpool::proto {

struct Interface {
  std::string_view name, text;
};

// org.varlink.service first, then ours.
std::span<const Interface> interfaces();

}  // namespace jobpool::proto
