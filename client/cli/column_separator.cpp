// regcomp, regexec. See column_separator.hpp.
#include "client/cli/column_separator.hpp"

#include <regex.h>

#include <array>
#include <utility>

namespace jobpool::cli {

struct ColumnSeparator::Compiled {
  ~Compiled() {
    if (is_compiled) ::regfree(&regex);
  }
  regex_t regex{};
  bool is_compiled = false;
};

ColumnSeparator::ColumnSeparator(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
ColumnSeparator::ColumnSeparator(ColumnSeparator&&) noexcept = default;
ColumnSeparator& ColumnSeparator::operator=(ColumnSeparator&&) noexcept = default;
ColumnSeparator::~ColumnSeparator() = default;

Result<ColumnSeparator> ColumnSeparator::compile(std::string_view pattern) {
  std::string expression;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool is_tab = pattern[i] == '\\' && i + 1 < pattern.size() && pattern[i + 1] == 't';
    const bool is_escape = pattern[i] == '\\' && i + 1 < pattern.size();
    if (is_tab)
      expression += '\t';
    else
      expression += pattern.substr(i, is_escape ? 2 : 1);
    i += is_escape ? 1 : 0;
  }
  auto compiled = std::make_unique<Compiled>();
  if (const int failed = ::regcomp(&compiled->regex, expression.c_str(), REG_EXTENDED); failed != 0) {
    std::array<char, 128> why{};
    ::regerror(failed, &compiled->regex, why.data(), why.size());
    return Error{Errc::invalid_argument, std::string{why.data()}};
  }
  compiled->is_compiled = true;
  if (::regexec(&compiled->regex, "", 0, nullptr, 0) == 0)
    return Error{Errc::invalid_argument, "it matches nothing at all, which stands everywhere"};
  return ColumnSeparator{std::move(compiled)};
}

void ColumnSeparator::split(const std::string& text, std::vector<std::string>& columns) const {
  if (text.find('\0') != std::string::npos) return columns.push_back(text);
  const char* at = text.c_str();
  int flags = 0;
  for (regmatch_t found{}; ::regexec(&compiled_->regex, at, 1, &found, flags) == 0; flags = REG_NOTBOL) {
    if (found.rm_eo == found.rm_so) break;  // at a line's end: "x*"
    columns.emplace_back(at, static_cast<std::size_t>(found.rm_so));
    at += found.rm_eo;
  }
  columns.emplace_back(at);
}

}  // namespace jobpool::cli
