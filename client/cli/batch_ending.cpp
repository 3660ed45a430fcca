// One Get for each chunk. See batch_ending.hpp.
#include "client/cli/batch_ending.hpp"

#include <utility>
#include <vector>

#include "client/cli/halt_rule.hpp"
#include "client/cli/map_report.hpp"
#include "client/cli/map_work.hpp"
#include "client/cli/progress_bar.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/chunk_call.hpp"

namespace jobpool::cli {
namespace {

Result<proto::Ending> get_chunk(Context& context, JobId id) {
  const std::string request = proto::write_get(proto::GetRequest{id, {}, true});
  const Result<client::Reply> reply = context.wait("org.jobpool.Job.Get", request, client::Resend::always);
  return reply ? proto::read_ending(reply->parameters) : reply.error();
}

}  // namespace

int show_batch(Context& context, const proto::Ending& batch, ResultForm form) {
  MapTerms terms;
  terms.job.function = "";  // whichever it was: its results are told, not its calls
  MapWork work(nullptr, {}, Template({}), std::move(terms), nullptr, -1);
  ProgressBar no_bar(ProgressBar::Wanted::no);
  MapReport report(context, work, nullptr, no_bar, {}, {form, false});
  // All chunks but the last are of one size: what is known of one tells how many items there were in one that failed as a whole.
  std::size_t numbered = 0, usual = 1;
  for (const JobId id : batch.chunks) {
    Result<proto::Ending> ending = get_chunk(context, id);
    if (!ending) return fail(ending.error());
    const std::size_t known = ending->result ? client::items_in(*ending->result) : 0, count = known > 0 ? known : usual;
    if (known > 0 && numbered == 0) usual = known;
    MapTask task;
    MapTaskEnd end;
    end.ends.push_back(client::ChunkEnd::of(std::move(*ending), count));
    for (std::size_t i = 0; i < count; ++i) {
      task.items.push_back(Item{{}, ++numbered, 0});
      end.places.push_back({0, i});
    }
    if (auto told = report.take(task, end); !told) return fail(told.error());
  }
  report.finish();
  return report.exit_code();
}

}  // namespace jobpool::cli
