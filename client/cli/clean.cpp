// jobpool clean: makes the daemon forget all ended jobs that fit, and prints how many they were.
#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_clean(Context& context, Words words) {
  Options options(context, {"clean [options]",
                            "Forgets ended jobs, with their results, output and keys, and prints how many. Without an option nothing is\n"
                            "removed: say which ones, or --all.",
                            "jobpool clean --older-than 7d --outcome succeeded"});
  proto::CleanRequest request;
  bool all = false;
  options.duration("--older-than", "D", "only those that ended so long ago: 90, 1h30m, 7d", request.older_than);
  options.value("--outcome", "OUTCOME", "only succeeded, failed, crashed, timed_out, cancelled, skipped, interrupted or poison ones",
                [&request](std::string_view given) -> Result<void> {
                  request.outcome = outcome_from(given);
                  if (request.outcome) return {};
                  return Error{Errc::invalid_argument, "'" + printable(given) + "' is no outcome; the help lists them"};
                });
  options.value("--pool", "NAME", "only those of one pool", [&request](std::string_view given) -> Result<void> {
    if (std::string fault = pool_name_fault(given); !fault.empty()) return Error{Errc::invalid_argument, std::move(fault)};
    request.pool = std::string{given};
    return {};
  });
  options.flag("--all", "all ended jobs", all);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("clean takes no operands; 'jobpool remove' takes ids");
  const bool chosen = request.older_than || request.outcome || request.pool;
  if (!chosen && !all) return options.misused("which jobs? Needs --older-than, --outcome or --pool; --all removes all ended ones");
  if (chosen && all) return options.misused("--all is all of them: leave the other options away");

  const Result<client::Reply> reply = context.wait("org.jobpool.Job.Clean", proto::write_clean(request), client::Resend::always);
  if (!reply) return fail(reply.error());
  const Result<std::int64_t> removed = proto::read_count("removed", reply->parameters);
  if (!removed) return fail(removed.error());
  return print(context.json ? reply->parameters.tree().dump() + "\n" : std::to_string(*removed) + "\n");
}

}  // namespace jobpool::cli
