// Finding, taking and showing options. See options.hpp.
#include "client/cli/options.hpp"

#include <algorithm>
#include <charconv>

#include "client/cli/context.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kHelpColumn = 26;  // where the explanations begin
constexpr std::size_t kCommon = 4;       // options that every verb has, declared first

bool has_name(std::string_view names, std::string_view name) {
  const std::size_t comma = names.find(", ");
  if (comma == std::string_view::npos) return names == name;
  return names.substr(0, comma) == name || names.substr(comma + 2) == name;
}

}  // namespace

Options::Options(Context& context, Usage usage, Operands operands) : context_(context), usage_(usage), order_(operands) {
  options_.reserve(32);
  text("--socket", "PATH", "the daemon's socket, instead of the usual places", context.socket);
  flag("--json", "print one JSON object a line, with the interface's field names", context.json);
  flag("--no-autostart", "start no private daemon when none answers", context.no_autostart);
  flag("-h, --help", "show this", help_wanted_);
}

void Options::flag(std::string_view names, std::string_view help, bool& target) {
  options_.push_back({names, "", help, [&target](std::string_view) {
                        target = true;
                        return Result<void>{};
                      }});
}

void Options::text(std::string_view names, std::string_view placeholder, std::string_view help, std::string& target) {
  value(names, placeholder, help, [&target](std::string_view given) -> Result<void> {
    // Empty is how a verb knows that it was not given: of `--cwd "$DIR"` without that variable it would be taken for that.
    if (given.empty()) return Error{Errc::invalid_argument, "its value is empty"};
    target = given;
    return {};
  });
}

void Options::duration(std::string_view names, std::string_view placeholder, std::string_view help, std::optional<Microseconds>& target,
                       Microseconds longest) {
  value(names, placeholder, help, [&target, longest](std::string_view given) -> Result<void> {
    const Result<Microseconds> parsed = parse_duration(given);
    if (!parsed) return parsed.error();
    if (*parsed > longest) return Error{Errc::invalid_argument, "'" + std::string{given} + "' is longer than " + show_duration(longest)};
    target = *parsed;
    return {};
  });
}

void Options::integer(std::string_view names, std::string_view placeholder, std::string_view help, Range range,
                      std::optional<int>& target) {
  value(names, placeholder, help, [range, &target](std::string_view given) -> Result<void> {
    int number = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
    if (error != std::errc{} || end != given.data() + given.size() || number < range.min || number > range.max)
      return Error{Errc::invalid_argument,
                   "'" + printable(given) + "' is no number from " + std::to_string(range.min) + " to " + std::to_string(range.max)};
    target = number;
    return {};
  });
}

void Options::value(std::string_view names, std::string_view placeholder, std::string_view help,
                    std::function<Result<void>(std::string_view)> take) {
  options_.push_back({names, placeholder, help, std::move(take)});
}

const Options::Option* Options::find(std::string_view name) const {
  for (const Option& option : options_)
    if (has_name(option.names, name)) return &option;
  return nullptr;
}

// One option at words[at], "--name", "--name=value", "-n value" or "-nvalue"; gives how many words it took.
Result<std::size_t> Options::take_option(Words words, std::size_t at) const {
  const std::string_view word = words[at];
  const bool is_long = word.starts_with("--");
  const std::size_t name_end = is_long ? word.find('=') : 2;
  const std::string_view name = word.substr(0, name_end);
  const Option* option = find(name);
  if (option == nullptr) return Error{Errc::invalid_argument, "unknown option '" + printable(word) + "'"};

  const bool glued = name.size() < word.size();
  if (option->is_flag()) {
    if (glued) return Error{Errc::invalid_argument, "option " + std::string{name} + " takes no value"};
    if (auto taken = option->take(""); !taken) return taken.error();
    return std::size_t{1};
  }
  if (!glued && at + 1 >= words.size()) return Error{Errc::invalid_argument, "option " + std::string{name} + " needs a value"};
  const std::string_view given = glued ? word.substr(name.size() + (is_long ? 1 : 0)) : std::string_view{words[at + 1]};
  if (auto taken = option->take(given); !taken)
    return Error{Errc::invalid_argument, "option " + std::string{name} + ": " + taken.error().text};
  return std::size_t{glued ? 1U : 2U};
}

Result<void> Options::parse_into(Words words, Parsed& parsed) const {
  for (std::size_t at = 0; at < words.size();) {
    const std::string& word = words[at];
    const bool separator = word == "--";
    const bool is_operand = word.size() < 2 || word.front() != '-';
    if (separator || (is_operand && order_ == Operands::end_options)) {
      parsed.separated = separator && parsed.operands.empty();
      parsed.operands.insert(parsed.operands.end(), words.begin() + static_cast<std::ptrdiff_t>(at + (separator ? 1 : 0)), words.end());
      return {};
    }
    if (is_operand) {
      parsed.operands.push_back(word);
      ++at;
      continue;
    }
    const Result<std::size_t> taken = take_option(words, at);
    if (!taken) return taken.error();
    at += *taken;
  }
  return {};
}

VerbText Options::text() const {
  VerbText text{std::string{usage_.synopsis},   std::string{usage_.purpose}, std::string{usage_.example}, {}, {},
                order_ == Operands::end_options};
  for (std::size_t i = 0; i < options_.size(); ++i)
    (i < kCommon ? text.common : text.options)
        .push_back({std::string{options_[i].names}, std::string{options_[i].placeholder}, std::string{options_[i].help}});
  return text;
}

Options::Parsed Options::parse(Words words) const {
  Parsed parsed;
  if (context_.on_described) {
    context_.on_described(text());
    parsed.exit_code = 0;
    return parsed;
  }
  const Result<void> done = parse_into(words, parsed);
  if (help_wanted_)
    parsed.exit_code = print(help());
  else if (!done)
    parsed.exit_code = misused(done.error().text);
  return parsed;
}

int Options::misused(std::string_view why) const {
  // The verb, of one word or of two: what stands in small letters before the first operand.
  std::string verb;
  for (std::string_view rest = usage_.synopsis; !rest.empty() && rest.front() >= 'a' && rest.front() <= 'z';) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    verb.append(rest.substr(0, end)) += ' ';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  tell(printable(why) + "; see 'jobpool " + verb + "--help'");
  return kExitUsage;
}

std::string Options::help() const {
  std::string text{"Usage: jobpool "};
  text.append(usage_.synopsis).append("\n").append(usage_.purpose).append("\n\nOptions:\n");
  // Those of the verb first; the four common ones, declared first, last.
  const auto show = [&text](const Option& option) {
    std::string left = std::string{"  "}.append(option.names).append(option.is_flag() ? "" : " ").append(option.placeholder);
    if (left.size() + 2 > kHelpColumn) {
      text += left + "\n";
      left.clear();
    }
    text += left + std::string(kHelpColumn - left.size(), ' ');
    text += indented(option.help, kHelpColumn) + "\n";
  };
  for (std::size_t i = kCommon; i < options_.size(); ++i) show(options_[i]);
  for (std::size_t i = 0; i < kCommon; ++i) show(options_[i]);
  return text.append("\nExample: ").append(usage_.example).append("\n");
}

}  // namespace jobpool::cli
