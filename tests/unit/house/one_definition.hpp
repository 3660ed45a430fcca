// One name, one class: what the compiler cannot see, since it sees one file at a time, and the linker does not look at. Used by house_test
// only.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/house/rules.hpp"

namespace jobpool::house {

// Classes and enumerations of a namespace that several files define, a finding each: "jobpool::broker::Job: common/a.hpp:12,
// daemon/b.hpp:7". (Not those of anonymous namespaces, which are their file's own, nor inner ones.) Requires: formatted as clang-format
// does it here.
std::vector<std::string> defined_twice(const std::vector<Source>& sources);

}  // namespace jobpool::house
