// Whether the doctor may run a program that the daemon has named: it runs with the caller's rights, and whoever listens at a socket may
// name any process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "client/cli/doctor/process_facts.hpp"

namespace jobpool::cli::doctor {

struct Refusal {
  std::string why, remedy;
};
// nullopt: `caller` may run the program of `process`, which should be `name` ("jobpoold"). So it is only if caller and process are one
// user; if nobody but that user or root listens; and for root only if nobody else could have put the file there. `root`: where the walk up
// from the file ends; another one in tests.
std::optional<Refusal> refuse_to_run(const ProcessFacts& process, std::string_view name, std::optional<uid_t> listener, uid_t caller,
                                     const std::string& root = "/");

}  // namespace jobpool::cli::doctor
