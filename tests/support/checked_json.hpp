// JSON of a test's own, as the proto library's functions take it.
#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proto/json_reader.hpp"

namespace jobpool {

// A view of `text`, which must outlive it.
inline proto::JsonText checked(std::string_view text) {
  const auto value = proto::JsonText::check(text, proto::kMaxMessageDepth);
  if (!value) throw std::runtime_error("no JSON: " + std::string(text));
  return *value;
}

// The same of a value, whose text is kept until the test program ends.
inline proto::JsonText text_of(const nlohmann::json& value) {
  static std::deque<std::string> kept;
  return checked(kept.emplace_back(value.dump()));
}

}  // namespace jobpool
