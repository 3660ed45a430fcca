// One Get for each chunk. See batch_ending.hpp.
#include "client/cli/batch_ending.hpp"

#include <algorithm>
#include <utility>

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

// Of a function how many items; 0: nobody said.
std::size_t items_of(const proto::Ending& chunk) {
  if (chunk.items) return static_cast<std::size_t>(*chunk.items);
  return chunk.result ? client::items_in(*chunk.result) : 0;  // taken by a daemon that did not say it yet
}

// A chunk of a function is told by its items, in the order of all of them; a command is one item.
class BatchShow {
 public:
  explicit BatchShow(MapReport& report) : report_(report) {}

  Result<void> take(proto::Ending chunk) {
    const std::size_t items = items_of(chunk);
    const bool is_command = items == 0 && !chunk.result && chunk.error_type.empty();
    MapTask task;
    MapTaskEnd end;
    end.is_function = !is_command;
    end.ends.push_back(client::ChunkEnd::of(std::move(chunk), std::max<std::size_t>(items, 1)));
    for (std::size_t i = 0; i < end.ends.back().size(); ++i) {
      task.items.push_back(Item{{}, ++numbered_, 0});
      end.places.push_back({0, i});
    }
    (void)report_.count(end);
    return report_.take(task, end);
  }

 private:
  MapReport& report_;
  std::size_t numbered_ = 0;
};

}  // namespace

int show_batch(Context& context, const proto::Ending& batch, ResultForm form) {
  MapTerms terms;
  terms.job.function = "";  // whichever it was: its results are told, not its calls
  MapWork work(nullptr, {}, Template({}), std::move(terms), nullptr, -1);
  ProgressBar no_bar(ProgressBar::Wanted::no);
  MapReport report(context, work, nullptr, nullptr, no_bar, {}, {form, false});
  BatchShow show(report);
  for (const JobId id : batch.chunks) {
    Result<proto::Ending> ending = get_chunk(context, id);
    if (!ending) return fail(ending.error());
    if (auto told = show.take(std::move(*ending)); !told) return fail(told.error());
  }
  report.finish();
  return report.exit_code();
}

}  // namespace jobpool::cli
