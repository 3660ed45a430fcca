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
  // All must outlive this; `log` may be null.
  MapReport(Context& context, const MapWork& work, JobLog* log, ProgressBar& bar, HaltRule halt, MapReportForm form)
      : context_(context), work_(work), log_(log), bar_(bar), halt_(halt), form_(form) {}

  // Tells of one more task. The rule to halt by, once it is met; nothing is told of what came behind that with `now`.
  // Errors: of stdout, of the job log; the daemon is gone.
  Result<std::optional<HaltRule::Haste>> take(const MapTask& task, const MapTaskEnd& end);

  // When all is over: which failed.
  void finish() const { failures_.tell_of(ended_); }
  int exit_code() const { return failures_.exit_code(); }
  // "40 of 100 items have ended, 2 of them badly".
  std::string summary(std::optional<std::size_t> total) const;

 private:
  Result<void> tell_of(const MapEnd& end);
  Result<void> write_result(const MapEnd& end);
  Result<void> write_tagged(const MapEnd& end);
  void append_tagged(const Item& item, std::string_view text);
  void append_object(const MapEnd& end);
  Result<void> flush();

  Context& context_;
  const MapWork& work_;
  JobLog* const log_;
  ProgressBar& bar_;
  const HaltRule halt_;
  const MapReportForm form_;
  MapFailures failures_;
  std::size_t ended_ = 0;
  std::string out_;  // for stdout, not written yet
};

}  // namespace jobpool::cli
