// See event_text.hpp.
#include "client/cli/event_text.hpp"

#include "client/cli/job_text.hpp"
#include "client/cli/signal_name.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

// What is known beside, with commas between.
class Details {
 public:
  void add(const std::string& text) {
    if (!text.empty()) text_ += (text_.empty() ? "" : ", ") + text;
  }
  template <class Number>
  void add(const char* name, const std::optional<Number>& number) {
    if (number) add(name + (" " + std::to_string(*number)));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string subject_of(const proto::Event& event) {
  switch (event.kind) {
    case proto::EventKind::job:
      return "job " + (event.job ? std::to_string(event.job->value) : "?");
    case proto::EventKind::pool:
      return "pool " + printable(event.pool);
    case proto::EventKind::worker:
      return "worker " + std::to_string(event.worker.value_or(0));
    case proto::EventKind::listening:
    case proto::EventKind::missed:
      break;
  }
  return {};
}

std::string ending_of(const proto::Event& event) {
  if (!event.outcome) return {};
  std::string text{to_string(*event.outcome)};
  if (*event.outcome == Outcome::failed && event.exit_code) text += " " + std::to_string(*event.exit_code);
  if (*event.outcome == Outcome::failed && !event.error_type.empty()) text += " " + printable(event.error_type);
  if (event.signal) text += " " + signal_name(*event.signal);
  return text;
}

}  // namespace

std::string event_line(const proto::Event& event) {
  const std::string time = local_clock(event.usec) + "  ";
  if (event.kind == proto::EventKind::listening) return time + "listening";
  if (event.kind == proto::EventKind::missed)
    return time + std::to_string(event.missed.value_or(0)) + " events were missed: they came faster than they were read";
  Details details;
  if (event.kind != proto::EventKind::pool && !event.pool.empty()) details.add("pool " + printable(event.pool));
  if (event.kind == proto::EventKind::job) {
    details.add("attempt", event.attempt);
    details.add("worker", event.worker);
  }
  details.add("pid", event.pid);
  details.add(ending_of(event));
  if (!event.waiting_for.empty()) details.add("for " + printable(event.waiting_for));
  details.add(printable(event.reason));
  std::string line = time + subject_of(event) + "  " + printable(event.state);
  return details.text().empty() ? line : line + "  " + details.text();
}

}  // namespace jobpool::cli
