// What a copy tells while it goes on: finished names on stdout where that is wanted, failures and progress on stderr.
#pragma once

#include <set>
#include <string>

#include "client/cli/copy/finished.hpp"
#include "client/cli/copy/place.hpp"
#include "client/cli/copy/progress.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

enum class NamesShown { none, verbose, json };

class CopyDisplay {
 public:
  CopyDisplay(const CopyPlaces& places, NamesShown names, Language language);

  // Counts and tells. Errors: stdout takes nothing more.
  Result<void> show(const Finished& finished);
  // The line that is written over; only on a terminal.
  void show_progress(const CopyProgress& progress);
  bool has_progress() const { return on_terminal_; }

  // The last line, or the last object.
  Result<void> show_complete(const CopyProgress& progress);
  void tell_interrupted(const CopyProgress& progress);
  // Takes the progress away, for what is told by others.
  void end_line() { clear_line(); }

  std::uint64_t files_done() const { return files_done_; }
  bool is_all_well() const { return summary_.failed == 0; }
  const std::set<std::string>& failed() const { return failed_; }

 private:
  void count(const Finished& finished);
  Result<void> write_name(const Finished& finished);
  void clear_line();
  void tell_apart(const std::string& text);
  std::string shown_path(const Finished& finished) const;

  const CopyPlaces& places_;
  const NamesShown names_;
  const Language language_;
  const bool on_terminal_;
  bool line_is_shown_ = false;
  CopySummary summary_;
  std::uint64_t files_done_ = 0, attributes_lost_ = 0;
  std::set<std::string> failed_;  // of these no other name can be linked
};

// For --json: one line with its end.
std::string finished_json(const Finished& finished);

}  // namespace jobpool::cli
