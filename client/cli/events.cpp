// jobpool events: what happens to jobs, pools and workers, a line each, as it happens.
#include <unistd.h>

#include "client/cli/event_text.hpp"
#include "client/cli/pool.hpp"
#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "proto/event_messages.hpp"

namespace jobpool::cli {
namespace {

Result<void> show_event(const Context& context, proto::JsonText parameters) {
  const auto found = parameters.member("event");
  if (!found) return {};  // the stream's end: the daemon goes down
  if (context.json) return write_all(STDOUT_FILENO, found->tree().dump() + "\n");
  const Result<proto::Event> event = proto::read_event(parameters);
  if (!event) return event.error();
  return write_all(STDOUT_FILENO, event_line(*event) + "\n");
}

}  // namespace

int run_events(Context& context, Words words) {
  Options options(context,
                  {"events [options]",
                   "Tells each change of a job's state, of pools and of workers, as it happens, a line each. The first line says that\n"
                   "it listens. Of a durable job nothing is told that is not on disk. Who reads too slowly is told how many were\n"
                   "missed. Ends with the daemon.",
                   "jobpool events --json --pool images | jq -c 'select(.outcome == \"failed\")'"});
  std::vector<std::string> jobs;
  proto::EventsRequest request;
  options.value("--job", "SELECTOR", "only these jobs: 12, 3,5-8, last; may be given more than once", [&jobs](std::string_view given) {
    jobs.emplace_back(given);
    return Result<void>{};
  });
  options.value("--pool", "NAME", "only this pool, its workers and its jobs", [&request](std::string_view given) -> Result<void> {
    if (std::string fault = pool_name_fault(given); !fault.empty()) return Error{Errc::invalid_argument, std::move(fault)};
    request.pool = std::string{given};
    return {};
  });
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("events takes no operands; --job names jobs");
  if (!jobs.empty()) {
    const Result<std::vector<JobId>> ids = context.select_for_one_call(jobs);
    if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());
    request.ids = *ids;
  }
  const auto show = [&context](proto::JsonText parameters) { return show_event(context, parameters); };
  if (auto done = context.stream("org.jobpool.Pool.Events", proto::write_events(request), show); !done) {
    if (done.error().code != Errc::interrupted && done.error().code != Errc::closed) return fail(done.error());
    return fail(Error{done.error().code,
                      "the stream of events broke off with its broker; what happened since is not known: 'jobpool list' "
                      "tells how things are, 'jobpool events' listens again"});
  }
  return 0;
}

}  // namespace jobpool::cli
