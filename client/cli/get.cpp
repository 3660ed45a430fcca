// jobpool get: wait for a job and replay it, as AsyncResult.get: its output, its result, its exit code.
#include "client/cli/batch_ending.hpp"
#include "client/cli/ending_output.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_get(Context& context, Words words) {
  Options options(context, {"get [options] ID",
                            "Waits for a job, writes its stdout, stderr or result, and exits as it did. Of a batch (map --async): all "
                            "results in order;\nexits as map does.",
                            "jobpool get last --timeout 5s"});
  std::optional<Microseconds> timeout;
  bool raw = false;
  options.duration("--timeout", "T", "give up after T with exit code 124; the job goes on", timeout);
  options.flag("--raw", "print a result that is a string without its quotes", raw);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() != 1) return options.misused("get takes one job");
  const Result<JobId> id = context.select_one(parsed.operands.front());
  if (!id) return id.error().code == Errc::invalid_argument ? options.misused(id.error().text) : fail(id.error());

  const auto request = [&id](std::optional<Microseconds> left) { return proto::write_get(proto::GetRequest{*id, left, true}); };
  const Result<client::Reply> reply = context.wait("org.jobpool.Job.Get", timeout, request);
  if (!reply) return fail(reply.error());
  const Result<proto::Ending> ending = proto::read_ending(reply->parameters);
  if (!ending) return fail(ending.error());
  if (!ending->chunks.empty()) return show_batch(context, *ending, raw ? ResultForm::raw : ResultForm::json);
  return show_ending(context, *ending, raw ? ResultForm::raw : ResultForm::json);
}

}  // namespace jobpool::cli
