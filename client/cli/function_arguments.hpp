// The words after `@function` as the JSON array of its arguments. Pure.
#pragma once

#include <span>
#include <string>

#include "common/result.hpp"

namespace jobpool::cli {

// A word that parses as JSON is passed on verbatim (no digit of a number is lost), any other is a string: `@f 7 '[1,2]' hello`.
// Errors: invalid_argument: a word that is neither JSON nor UTF-8, which no JSON string can carry.
Result<void> append_function_arguments(std::string& out, std::span<const std::string> words);
Result<std::string> function_arguments(std::span<const std::string> words);

// One such word as JSON text: itself, or a string. Errors: likewise.
Result<std::string> json_of_word(const std::string& word);

}  // namespace jobpool::cli
