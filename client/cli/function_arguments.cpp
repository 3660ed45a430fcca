// JSON where it is JSON, a string otherwise.
#include "client/cli/function_arguments.hpp"

#include <nlohmann/json.hpp>

#include "client/cli/tell.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {

Result<std::string> function_arguments(std::span<const std::string> words) {
  std::string array{"["};
  for (const std::string& word : words) {
    if (array.size() > 1) array += ',';
    if (!proto::is_protocol_text(word))
      return Error{Errc::invalid_argument, "argument '" + printable(word) + "' is not UTF-8: no JSON string can carry it"};
    if (nlohmann::json::accept(word))
      array += word;
    else
      proto::append_json_string(array, word);
  }
  return array + "]";
}

}  // namespace jobpool::cli
