// The lines of files, one file after the other, read as they are needed. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/cli/item_source.hpp"

namespace jobpool::cli {

// `files`: names, "-" is stdin. Opens the first, so that one that is not there is told before anything runs. Errors: of that.
Result<std::unique_ptr<Input>> lines_of(std::vector<std::string> files, char separator);

}  // namespace jobpool::cli
