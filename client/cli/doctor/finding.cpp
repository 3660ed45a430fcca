// See finding.hpp.
#include "client/cli/doctor/finding.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/cli/tell.hpp"

namespace jobpool::cli::doctor {
namespace {

std::string_view word_of(Health health) { return health == Health::good ? "good" : health == Health::note ? "note" : "problem"; }

constexpr std::size_t kHealthWidth = 9;  // of the word, with spaces behind it

// Lines behind the first (of a log that is quoted) stand below it.
std::string told_lines(const std::string& text) { return indented(printable(text, "\n"), kHealthWidth + 2); }

}  // namespace

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    const std::string_view word = word_of(finding.health);
    const Ink colour = finding.health == Health::good ? Ink::green : finding.health == Health::note ? Ink::yellow : Ink::red;
    text += ink(word, colour) + std::string(kHealthWidth - word.size(), ' ') + finding.check + ": " + told_lines(finding.text) + "\n";
    if (!finding.remedy.empty()) text += std::string(kHealthWidth, ' ') + "→ " + told_lines(finding.remedy) + "\n";
  }
  return text;
}

std::string findings_json(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    nlohmann::json object{{"check", finding.check}, {"health", word_of(finding.health)}, {"text", finding.text}};
    if (!finding.remedy.empty()) object["remedy"] = finding.remedy;
    text += object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return text;
}

bool has_problem(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) { return finding.health == Health::problem; });
}

}  // namespace jobpool::cli::doctor
