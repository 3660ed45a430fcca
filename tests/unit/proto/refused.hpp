// What a reader of the protocol said to a message that a test gave it as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/result.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::proto {

// Why it was refused; empty where it was read.
template <class Value>
std::string refused(const Result<Value>& read) {
  if (read) return "";
  CHECK(read.error().code == Errc::invalid_argument);
  return read.error().text;
}

inline nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text); }

}  // namespace jobpool::proto
