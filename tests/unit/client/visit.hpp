// One visit of the real program `jobpool` to a fake daemon: what tests of verbs share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child.hpp"
#include "tests/unit/client/fake_server.hpp"

namespace jobpool::testing {

Finished jobpool_at(const std::string& socket, std::vector<std::string> words);

// The program's whole visit: it calls `method` once and is answered so.
Finished answered(std::string_view method, const std::string& answer, std::vector<std::string> words);
Finished refused(std::string_view method, std::string_view error, std::string_view parameters, std::vector<std::string> words);

}  // namespace jobpool::testing
