// JSON where it is JSON, a string otherwise.
#include "client/cli/function_arguments.hpp"

#include <nlohmann/json.hpp>

#include "client/cli/tell.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

// nlohmann's parser passes over a byte order mark, which is no JSON in the middle of an array.
bool is_json(std::string_view word) { return !word.starts_with("\xef\xbb\xbf") && nlohmann::json::accept(word); }

}  // namespace

Result<std::string> function_arguments(std::span<const std::string> words) {
  std::string array{"["};
  for (const std::string& word : words) {
    if (array.size() > 1) array += ',';
    if (!proto::is_protocol_text(word))
      return Error{Errc::invalid_argument, "argument '" + printable(word) + "' is not UTF-8: no JSON string can carry it"};
    if (is_json(word))
      array += word;
    else
      proto::append_json_string(array, word);
  }
  return array + "]";
}

}  // namespace jobpool::cli
