// What a map tells while it goes on and when it is over: results and output on stdout, the job log, the bar, and the failures on stderr.
#pragma once

#include <optional>
#include <string>

#include "client/cli/context.hpp"
#include "client/cli/ending_output.hpp"
#include "client/cli/halt_rule.hpp"
#include "client/cli/job_log.hpp"
#include "client/cli/map_failures.hpp"
#include "client/cli/map_work.hpp"
#include "client/cli/progress_bar.hpp"

namespace jobpool::cli {

struct MapReportForm {
  ResultForm results = ResultForm::json;
  bool is_tagged = false;  // each line begins with its item
};

class MapReport {
 public:
  // All must outlive this; `log` and `outputs` may be null: see MapWork.
  MapReport(Context& context, const MapWork& work, OutputHolder* outputs, JobLog* log, ProgressBar& bar, HaltRule halt, MapReportForm form)
      : context_(context), work_(work), outputs_(outputs), log_(log), bar_(bar), halt_(halt), form_(form) {}

  // One more task has ended: its items count, for the bar and for the rule to halt by. That, once it is met; what is behind the item that
  // met it with `now` counts no more. Requires: it is not lost, or whole.
  std::optional<HaltRule::Haste> count(MapTaskEnd& end);
  // Its turn has come: tells of what counts. Errors: of stdout, of the job log.
  Result<void> take(const MapTask& task, MapTaskEnd& end);

  // When all is over: which failed.
  void finish() const { failures_.tell_of(ended_); }
  int exit_code() const { return failures_.exit_code(); }
  // "40 of 100 items have ended, 2 of them badly".
  std::string summary(std::optional<std::size_t> total) const;

 private:
  Result<void> tell_of(const MapEnd& end, MapTaskEnd& all);
  Result<void> write_result(const MapEnd& end, MapTaskEnd& all);
  Result<void> write_tagged(const MapEnd& end, MapTaskEnd& all);
  void append_tagged(const Item& item, std::string_view text);
  void append_object(const MapEnd& end);
  Result<void> flush();

  Context& context_;
  const MapWork& work_;
  OutputHolder* const outputs_;
  JobLog* const log_;
  ProgressBar& bar_;
  const HaltRule halt_;
  const MapReportForm form_;
  MapFailures failures_;
  std::size_t ended_ = 0, failed_ = 0;
  std::string out_;  // for stdout, not written yet
};

}  // namespace jobpool::cli
