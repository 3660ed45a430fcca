// JSON where it is JSON, a string otherwise.
#include "client/cli/function_arguments.hpp"

#include <nlohmann/json.hpp>

#include "client/cli/tell.hpp"
#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

// By its grammar a number may be larger than any double; whoever reads it as one refuses it then, so it is no value.
bool is_value(const std::string& word) {
  constexpr std::size_t kLongestSafeNumber = 300;  // digits
  const bool may_be_too_large = word.size() > kLongestSafeNumber || word.find_first_of("eE") != std::string::npos;
  return proto::is_json(word) && (!may_be_too_large || nlohmann::json::accept(word));
}

Result<void> append_word(std::string& out, const std::string& word) {
  if (word.find('\0') != std::string::npos)
    return Error{Errc::invalid_argument,
                 "argument '" + printable(word) + "' has a zero byte: write it as a JSON string, with \\u0000 in it"};
  if (!proto::is_protocol_text(word))
    return Error{Errc::invalid_argument, "argument '" + printable(word) + "' is not UTF-8: no JSON string can carry it"};
  if (is_value(word))
    out += word;
  else
    proto::append_json_string(out, word);
  return {};
}

}  // namespace

Result<std::string> json_of_word(const std::string& word) {
  std::string text;
  if (auto appended = append_word(text, word); !appended) return appended.error();
  return text;
}

Result<void> append_function_arguments(std::string& out, std::span<const std::string> words) {
  char separator = '[';
  for (const std::string& word : words) {
    out += separator;
    separator = ',';
    if (auto appended = append_word(out, word); !appended) return appended;
  }
  out += words.empty() ? "[]" : "]";
  return {};
}

Result<std::string> function_arguments(std::span<const std::string> words) {
  std::string array;
  if (auto appended = append_function_arguments(array, words); !appended) return appended.error();
  return array;
}

}  // namespace jobpool::cli
