// See unique_key.hpp.
#include "client/cli/unique_key.hpp"

#include "proto/messages.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {

void declare_unique(Options& options, std::string_view help, std::string& key) {
  options.value("--unique", "KEY", help, [&key](std::string_view given) -> Result<void> {
    if (given.empty() || given.size() > proto::kMaxKeyBytes || !proto::is_protocol_text(given))
      return Error{Errc::invalid_argument, "a key has 1 to " + std::to_string(proto::kMaxKeyBytes) + " bytes of UTF-8"};
    key = given;
    return {};
  });
}

}  // namespace jobpool::cli
