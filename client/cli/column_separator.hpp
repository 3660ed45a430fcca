// --colsep: what stands between the columns of an item. A POSIX extended regular expression, in which \t is a tab. Move-only; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace jobpool::cli {

class ColumnSeparator {
 public:
  // Errors: invalid_argument: no regular expression, or one that matches nothing at all.
  static Result<ColumnSeparator> compile(std::string_view pattern);

  ColumnSeparator(ColumnSeparator&&) noexcept;
  ColumnSeparator& operator=(ColumnSeparator&&) noexcept;
  ~ColumnSeparator();

  // Appends the columns of `text`: at least one.
  void split(const std::string& text, std::vector<std::string>& columns) const;

 private:
  struct Compiled;
  explicit ColumnSeparator(std::unique_ptr<Compiled> compiled);

  std::unique_ptr<Compiled> compiled_;
};

}  // namespace jobpool::cli
