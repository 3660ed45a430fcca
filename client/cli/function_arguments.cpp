// JSON where it is JSON, a string otherwise.
#include "client/cli/function_arguments.hpp"

#include "client/cli/tell.hpp"
#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {

Result<void> append_function_arguments(std::string& out, std::span<const std::string> words) {
  char separator = '[';
  for (const std::string& word : words) {
    if (!proto::is_protocol_text(word))
      return Error{Errc::invalid_argument, "argument '" + printable(word) + "' is not UTF-8: no JSON string can carry it"};
    out += separator;
    separator = ',';
    if (proto::is_json(word))
      out += word;
    else
      proto::append_json_string(out, word);
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
