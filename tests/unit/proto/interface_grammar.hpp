// Parses a Varlink interface file by the grammar of varlink.org, and by nothing laxer. For tests only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace jobpool::proto {

struct InterfaceField {
  std::string name;
  std::string type;  // "int", "string", "Submission", …; without "?" and "[]"
};

struct InterfaceFile {
  std::string name;
  std::map<std::string, std::vector<InterfaceField>> structs;  // `type` declarations with fields
  std::map<std::string, std::vector<std::string>> enums;       // `type` declarations with words
  struct Method {
    std::vector<InterfaceField> input, output;
  };
  std::map<std::string, Method> methods;
  std::map<std::string, std::vector<InterfaceField>> errors;
  bool has_inner_comments = false;  // inside a declaration: the grammar allows it, systemd 255 does not
};

// Errors: protocol, with the line and what was expected there; types that are named but not declared, and names declared twice too.
Result<InterfaceFile> parse_interface(std::string_view text);

}  // namespace jobpool::proto
