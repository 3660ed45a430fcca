// What a check of the doctor has found, and how it is told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jobpool::cli::doctor {

// good: as it should be. note: works, and is worth knowing; also what could not be looked at. problem: to be mended, by `remedy`.
enum class Health { good, note, problem };

struct Finding {
  std::string check;  // "state directory"
  Health health = Health::good;
  std::string text;    // what was seen
  std::string remedy;  // what to do; empty: nothing
};

inline Finding good(std::string_view check, std::string text) { return {std::string{check}, Health::good, std::move(text), {}}; }
inline Finding note(std::string_view check, std::string text, std::string remedy = {}) {
  return {std::string{check}, Health::note, std::move(text), std::move(remedy)};
}
inline Finding problem(std::string_view check, std::string text, std::string remedy) {
  return {std::string{check}, Health::problem, std::move(text), std::move(remedy)};
}

// For people: a line for each, the remedy below it.
std::string findings_text(const std::vector<Finding>& findings);
// One JSON object a line: check, health, text, and remedy where there is one.
std::string findings_json(const std::vector<Finding>& findings);
bool has_problem(const std::vector<Finding>& findings);

}  // namespace jobpool::cli::doctor
