// jobpool retry: submits ended jobs again, as they were, and prints the new ids.
#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/unique_key.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/key.hpp"

namespace jobpool::cli {
namespace {

// The new job.
Result<JobId> retried(Context& context, JobId id, const std::string& key) {
  const std::string request = proto::write_retry(proto::RetryRequest{id, key});
  const Result<client::Reply> reply = context.ask("org.jobpool.Job.Retry", request, client::Resend::same_instance);
  return reply ? proto::read_accepted(reply->parameters) : Result<JobId>{reply.error()};
}

}  // namespace

int run_retry(Context& context, Words words) {
  Options options(context,
                  {"retry [options] ID…",
                   "Submits ended jobs again, each as a new job: the same work, pool, priority, retries and limits, also when it\n"
                   "succeeded. Prints the new ids, one a line. Of jobs that it was to run after, it waits for those that have not\n"
                   "ended. A job that is not durable is gone with its end, and cannot be retried.",
                   "jobpool retry 3,5-8"});
  std::string key;
  declare_unique(options, "as of a submission: the same retry under the same key is the same job", key);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused(kNoJobsNamed);
  const Result<std::vector<JobId>> ids = context.select(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());
  if (!key.empty() && ids->size() > 1) return options.misused("--unique names one job: retry them one by one");

  int code = 0;
  std::string text, all;
  for (const JobId id : *ids) {
    const Result<JobId> made = retried(context, id, key.empty() ? client::make_key() : key);
    if (!made) {
      code = fail(made.error());
      continue;
    }
    const std::string number = std::to_string(made->value);
    text += context.json ? R"({"id":)" + number + R"(,"retryOf":)" + std::to_string(id.value) + "}\n" : number + "\n";
    all += (all.empty() ? "" : ",") + number;
  }
  return print_done(text, "submitted again as " + all, code);
}

}  // namespace jobpool::cli
