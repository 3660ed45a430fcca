// Which jobs are shown, and in which order.
#include "client/cli/top/model.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace jobpool::cli {
namespace {

bool fits_filter(const proto::Job& job, std::string_view filter) {
  if (filter.empty()) return true;
  const std::string_view state = job.outcome ? to_string(*job.outcome) : to_string(job.state);
  const std::string id = std::to_string(job.id.value);
  const std::array<std::string_view, 6> texts{id, job.name, job.description, state, job.waiting_for, job.pool};
  return std::ranges::any_of(texts, [&](std::string_view text) { return text.find(filter) != std::string_view::npos; });
}

// Those that a person looks for first.
int rank_of(const proto::Job& job) {
  switch (job.state) {
    case JobState::running:
      return 0;
    case JobState::waiting:
      return 1;
    case JobState::ready:
      return 2;
    case JobState::done:
      break;
  }
  return 3;
}

std::int64_t running_time(const proto::Job& job) { return job.running_time_usec.value_or(0); }

}  // namespace

std::vector<const proto::Job*> chosen_jobs(const TopData& data, const TopView& view) {
  const std::string& filter = view.typed ? *view.typed : view.filter;
  std::vector<const proto::Job*> jobs;
  for (const proto::Job& job : data.jobs)
    if ((view.pool.empty() || job.pool == view.pool) && fits_filter(job, filter)) jobs.push_back(&job);
  std::ranges::stable_sort(jobs, [&](const proto::Job* a, const proto::Job* b) {
    if (view.sort == TopSort::oldest) return a->id < b->id;
    if (view.sort == TopSort::state && rank_of(*a) != rank_of(*b)) return rank_of(*a) < rank_of(*b);
    if (view.sort == TopSort::time && running_time(*a) != running_time(*b)) return running_time(*a) > running_time(*b);
    return b->id < a->id;
  });
  return jobs;
}

const proto::Job* selected_job(const TopData& data, const TopView& view) {
  const auto found = std::ranges::find_if(data.jobs, [&](const proto::Job& job) { return view.selected && job.id == *view.selected; });
  return found == data.jobs.end() ? nullptr : &*found;
}

}  // namespace jobpool::cli
