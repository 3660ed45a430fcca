// --halt: when a map ends before its time, as GNU parallel's: "now|soon,fail|success|done=N|N%", or "never". Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

class HaltRule {
 public:
  enum class Haste {
    soon,  // nothing more is started; what runs may end
    now,   // what runs is cancelled
  };

  HaltRule() = default;  // never
  // Errors: invalid_argument.
  static Result<HaltRule> parse(std::string_view text);

  // It is a share of all, whose number must be known.
  bool needs_total() const { return is_share_; }
  void set_total(std::size_t total) { total_ = total; }

  // After one more has ended.
  bool is_met(std::size_t failed, std::size_t succeeded) const;
  Haste haste() const { return haste_; }

 private:
  enum class Counts { nothing, fail, success, done };

  Haste haste_ = Haste::soon;
  Counts counts_ = Counts::nothing;
  std::size_t limit_ = 0;  // of them, or in percent
  bool is_share_ = false;
  std::size_t total_ = 0;
};

}  // namespace jobpool::cli
