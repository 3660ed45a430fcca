// A verb's options: declared next to the variables they fill, parsed, and shown by --help.
// By hand, since CLI11 cost each invocation 0.15 ms (measured with eleven options), more than the submission itself.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/duration.hpp"
#include "common/clock.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

class Context;
using Words = std::span<const std::string>;

struct Usage {
  std::string_view synopsis;  // "wait [options] ID…"
  std::string_view purpose;   // one or a few sentences
  std::string_view example;   // a line that can be typed
};

// All that --help shows, as data: for the manual, and for shells that complete a line.
struct OptionText {
  std::string names, placeholder, help;  // as they were declared; a flag has no placeholder
};
struct VerbText {
  std::string synopsis, purpose, example;
  std::vector<OptionText> options, common;  // common: those that every verb has
  bool ends_options = false;                // its first operand does
};

class Options {
 public:
  // What comes after the first operand: options may still follow, or it all belongs to a command that has options of its own.
  enum class Operands { mixed, end_options };

  // Declares --json, --socket, --no-autostart (into the context) and --help, which every verb has.
  Options(Context& context, Usage usage, Operands operands = Operands::mixed);

  // `names`: "--now", or "-f, --follow".
  void flag(std::string_view names, std::string_view help, bool& target);
  void text(std::string_view names, std::string_view placeholder, std::string_view help, std::string& target);
  void duration(std::string_view names, std::string_view placeholder, std::string_view help, std::optional<Microseconds>& target,
                Microseconds longest = kLongestDuration);
  struct Range {
    int min, max;
  };
  void integer(std::string_view names, std::string_view placeholder, std::string_view help, Range range, std::optional<int>& target);
  // `take` is given each value; its error is a usage error.
  void value(std::string_view names, std::string_view placeholder, std::string_view help,
             std::function<Result<void>(std::string_view)> take);

  struct Parsed {
    std::optional<int> exit_code;  // set: the verb is over (help was printed, or the error told)
    std::vector<std::string> operands;
    bool separated = false;  // `--` stood before the first operand
  };
  Parsed parse(Words words) const;

  std::string help() const;
  VerbText text() const;

  // Tells that the words were off, with their control characters escaped, points to --help, and gives exit code 2.
  int misused(std::string_view why) const;

 private:
  struct Option {
    std::string_view names, placeholder, help;
    std::function<Result<void>(std::string_view)> take;  // flags are given ""
    bool is_flag() const { return placeholder.empty(); }
  };
  const Option* find(std::string_view name) const;
  Result<void> parse_into(Words words, Parsed& parsed) const;
  Result<std::size_t> take_option(Words words, std::size_t at) const;

  const Context& context_;
  Usage usage_;
  Operands order_;
  bool help_wanted_ = false;
  std::vector<Option> options_;
};

}  // namespace jobpool::cli
