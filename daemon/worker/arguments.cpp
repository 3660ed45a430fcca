// Reading the command line; see the header. The supervisor writes it, so it is strict and has no help.
#include "daemon/worker/arguments.hpp"

#include <charconv>
#include <string_view>

namespace jobpool::worker {
namespace {

Error off(std::string text) { return Error{Errc::invalid_argument, std::move(text)}; }

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return end.ec == std::errc() && end.ptr == text.data() + text.size() && number != 0;
}

bool set(Arguments& arguments, std::string_view option, const std::string& value) {
  if (option == "--number") return parse_number(value, arguments.number.value);
  if (option == "--incarnation") return parse_number(value, arguments.incarnation.value);
  if (option == "--output-limit-bytes") return parse_number(value, arguments.output_limit);
  if (option == "--plugin-dir") {
    arguments.plugin_dirs.push_back(value);
    return true;
  }
  std::string* text = option == "--instance"    ? &arguments.instance
                      : option == "--socket"    ? &arguments.socket
                      : option == "--log-level" ? &arguments.log_level
                      : option == "--cgroup"    ? &arguments.cgroup
                                                : nullptr;
  if (text != nullptr) *text = value;
  return text != nullptr;
}

}  // namespace

Result<Arguments> parse_arguments(std::span<const std::string> words, Arguments known) {
  Arguments arguments = std::move(known);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string& option = words[i];
    if (i + 1 == words.size()) return off("option '" + option + "' needs a value");
    if (!set(arguments, option, words[i + 1])) return off("option '" + option + " " + words[i + 1] + "': unknown, or its value is off");
  }
  if (arguments.instance.empty()) return off("--instance is missing: jobpool-worker is started by jobpoold only");
  return arguments;
}

}  // namespace jobpool::worker
