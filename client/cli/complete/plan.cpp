// Walks over the line as the program would, and asks the verb for its options. See plan.hpp.
#include "client/cli/complete/plan.hpp"

#include <signal.h>

#include <algorithm>
#include <array>
#include <optional>

#include "client/cli/description.hpp"
#include "client/cli/signal_name.hpp"
#include "client/cli/verb_group.hpp"
#include "common/outcome.hpp"
#include "proto/interfaces.hpp"

namespace jobpool::cli {
namespace {

using Wanted = CompletionPlan::Kind;

std::vector<std::string> names_of(const OptionText& option) {
  const std::size_t comma = option.names.find(", ");
  if (comma == std::string::npos) return {option.names};
  return {option.names.substr(0, comma), option.names.substr(comma + 2)};
}

const OptionText* find_option(const VerbText& verb, std::string_view name) {
  for (const std::vector<OptionText>* some : {&verb.options, &verb.common})
    for (const OptionText& option : *some)
      for (const std::string& each : names_of(option))
        if (each == name) return &option;
  return nullptr;
}

std::vector<Candidate> option_candidates(const VerbText& verb) {
  std::vector<Candidate> all;
  for (const std::vector<OptionText>* some : {&verb.options, &verb.common})
    for (const OptionText& option : *some)
      for (std::string& name : names_of(option)) all.push_back({std::move(name), option.help});
  return all;
}

// Aliases only where nothing else begins so: they would double the list.
std::vector<Candidate> verb_candidates(std::span<const Verb> verbs, std::string_view typed) {
  std::vector<Candidate> names, aliases;
  for (const Verb& verb : verbs) {
    names.push_back({std::string{verb.name}, std::string{verb.summary}});
    for (const std::string_view alias : verb.aliases) aliases.push_back({std::string{alias}, std::string{verb.summary}});
  }
  const auto fits = [typed](const Candidate& candidate) { return candidate.value.starts_with(typed); };
  return std::ranges::any_of(names, fits) ? names : aliases;
}

std::vector<Candidate> signal_candidates() {
  std::vector<Candidate> all;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGKILL, SIGSTOP, SIGCONT, SIGUSR1, SIGUSR2})
    all.push_back({signal_name(signal), {}});
  return all;
}

std::vector<Candidate> outcome_candidates() {
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) all.push_back({std::string{to_string(static_cast<Outcome>(i))}, {}});
  return all;
}

std::vector<Candidate> method_candidates() {
  std::vector<Candidate> all;
  for (const proto::Interface& interface : proto::interfaces()) {
    constexpr std::string_view kMethod = "\nmethod ";
    for (std::string_view rest = interface.text; (rest = rest.substr(std::min(rest.find(kMethod), rest.size()))).size() > kMethod.size();) {
      rest.remove_prefix(kMethod.size());
      all.push_back({std::string{interface.name} + "." + std::string{rest.substr(0, rest.find('('))}, {}});
    }
  }
  return all;
}

// What an option's value is. By what its placeholder says, and by name where that says too little.
void plan_value(const OptionText& option, CompletionPlan& plan) {
  const std::string name = names_of(option).back();
  const std::string& placeholder = option.placeholder;
  const auto choose = [&plan](std::vector<Candidate> words) {
    plan.kind = Wanted::words;
    plan.words = std::move(words);
  };
  if (name == "--pool")
    plan.kind = Wanted::pools;
  else if (placeholder == "ID[,ID]" || placeholder == "SELECTOR")
    plan.kind = Wanted::ids;
  else if (placeholder == "FILE" || placeholder == "PATH")
    plan.kind = Wanted::files;
  else if (placeholder == "DIR")
    plan.kind = Wanted::directories;
  else if (placeholder == "SIGNAL")
    choose(signal_candidates());
  else if (placeholder == "OUTCOME")
    choose(outcome_candidates());
  else if (placeholder == "STATE")
    choose({{"ready", {}}, {"running", {}}, {"waiting", {}}, {"done", {}}});
  else if (placeholder == "block|fail")
    choose({{"block", {}}, {"fail", {}}});
  else if (name == "--format")
    choose({{"openmetrics", {}}, {"prometheus", {}}});
}

// The first word of the synopsis that stands for operands: "ID…", "[POOL]", "NAME"; empty: it takes none.
std::string operand_of(const std::string& synopsis) {
  constexpr std::string_view kOptions = "[options]";
  const std::size_t at = synopsis.find(kOptions);
  if (at == std::string::npos || at + kOptions.size() >= synopsis.size()) return {};
  const std::string rest = synopsis.substr(at + kOptions.size() + 1);
  return rest.starts_with("[--] COMMAND") ? "COMMAND" : rest.substr(0, rest.find(' '));
}

void plan_operand(const std::vector<std::string>& path, const VerbText& verb, std::size_t operands_before, CompletionPlan& plan) {
  const std::string operand = operand_of(verb.synopsis);
  const auto stands_for = [&operand](std::string_view what) { return operand.find(what) != std::string::npos; };
  const bool is_first = operands_before == 0, takes_more = stands_for("…");
  if (operand == "COMMAND") plan.kind = is_first ? Wanted::commands : Wanted::files;
  if (stands_for("SRC") && operands_before < 2) plan.kind = Wanted::files;
  if (!is_first && !takes_more) return;
  const std::string& name = path.back();
  if (stands_for("POOL")) plan.kind = Wanted::pools;
  if (stands_for("SELECTOR")) plan.kind = Wanted::ids;
  if (stands_for("ID")) {
    const bool of_running = name == "cancel" || name == "kill", of_ended = name == "retry" || name == "remove";
    plan.kind = of_running ? Wanted::unfinished_ids : of_ended ? Wanted::ended_ids : Wanted::ids;
  }
  if (stands_for("NAME") && path.front() == "queue" && name != "create") plan.kind = Wanted::queues;
  if (stands_for("NAME") && path.front() == "process") plan.kind = Wanted::processes;
  if (stands_for("METHOD")) {
    plan.kind = Wanted::words;
    plan.words = method_candidates();
  }
}

// As far as the line goes before its last word.
class Walk {
 public:
  // False: what stands there, nobody would understand.
  bool over(Words words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (ended_) {
        ++operands_;
      } else if (word == "--") {
        ended_ = true;
      } else if (word.size() > 1 && word.front() == '-') {
        take_option(word, i + 1 < words.size() ? &words[i + 1] : nullptr);
        if (wants_value_ && i + 1 < words.size()) {
          wants_value_.reset();
          ++i;
        }
      } else if (!take_operand(word)) {
        return false;
      }
    }
    return true;
  }

  void plan(CompletionPlan& plan) const {
    plan.socket = socket_;
    if (is_help_ && table_.empty()) return;
    if (wants_value_) return plan_value(*wants_value_, plan);
    if (!ended_ && !is_help_ && plan.typed.starts_with('-')) return plan_option(plan);
    if (!table_.empty()) {
      plan.kind = Wanted::words;
      plan.words = verb_candidates(table_, plan.typed);
      return;
    }
    plan_operand(path_, verb_, operands_, plan);
  }

 private:
  void take_option(const std::string& word, const std::string* next) {
    const std::size_t equals = word.find('=');
    const OptionText* option = find_option(verb_, word.substr(0, equals));
    if (option == nullptr || option->placeholder.empty()) return;
    if (option->names == "--socket") socket_ = equals != std::string::npos ? word.substr(equals + 1) : next != nullptr ? *next : "";
    if (equals == std::string::npos) wants_value_ = *option;
  }

  bool take_operand(const std::string& word) {
    if (table_.empty()) {
      ++operands_;
      ended_ = verb_.ends_options;
      return true;
    }
    if (word == "help") {  // verbs follow, and what is theirs does not
      is_help_ = true;
      return true;
    }
    const Verb* verb = find_verb(table_, word);
    if (verb == nullptr) return false;
    path_.emplace_back(verb->name);
    verb_ = describe(*verb);
    table_ = verb->verbs == nullptr ? std::span<const Verb>{} : verb->verbs();
    return true;
  }

  void plan_option(CompletionPlan& plan) const {
    const std::size_t equals = plan.typed.find('=');
    if (equals == std::string::npos) {
      plan.kind = Wanted::words;
      plan.words = option_candidates(verb_);
      return;
    }
    const OptionText* option = find_option(verb_, plan.typed.substr(0, equals));
    plan.prefix = plan.typed.substr(0, equals + 1);
    plan.typed.erase(0, equals + 1);
    if (option != nullptr) plan_value(*option, plan);
  }

  std::span<const Verb> table_ = verbs();
  VerbText verb_ = describe_program();
  std::vector<std::string> path_;
  std::optional<OptionText> wants_value_;
  bool ended_ = false, is_help_ = false;
  std::size_t operands_ = 0;
  std::string socket_;
};

}  // namespace

CompletionPlan plan_completion(Words words) {
  CompletionPlan plan;
  if (!words.empty()) plan.typed = words.back();
  Walk walk;
  if (!walk.over(words.first(words.empty() ? 0 : words.size() - 1))) return plan;
  walk.plan(plan);
  const bool is_list = plan.kind == Wanted::ids || plan.kind == Wanted::unfinished_ids || plan.kind == Wanted::ended_ids;
  if (const std::size_t comma = plan.typed.rfind(','); is_list && comma != std::string::npos) {
    plan.prefix += plan.typed.substr(0, comma + 1);
    plan.typed.erase(0, comma + 1);
  }
  return plan;
}

}  // namespace jobpool::cli
