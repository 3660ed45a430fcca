// jobpool remove: makes the daemon forget ended jobs, with their results and output.
#include <unordered_set>

#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_remove(Context& context, Words words) {
  Options options(context, {"remove [options] ID…",
                            "Forgets ended jobs, with their results, output and keys. One that has not ended is an error, and nothing is\n"
                            "removed then.",
                            "jobpool remove 3,5-8"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("which jobs?");
  const Result<std::vector<JobId>> ids = context.select_for_one_call(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());

  const std::string request = proto::write_remove(proto::RemoveRequest{*ids});
  const Result<client::Reply> reply = context.wait("org.jobpool.Job.Remove", request, client::Resend::always);
  const Result<std::vector<JobId>> removed =
      reply ? proto::read_ids("removed", reply->parameters) : Result<std::vector<JobId>>{reply.error()};
  if (!removed) return fail(removed.error());
  const std::unordered_set<JobId> gone(removed->begin(), removed->end());
  int code = 0;
  for (const JobId id : *ids)
    if (!gone.contains(id))
      code = fail(Error{Errc::not_found, "job " + std::to_string(id.value) + ": no such job (never submitted, or removed before)"});
  return context.json ? print(reply->parameters.tree().dump() + "\n", code) : code;
}

}  // namespace jobpool::cli
