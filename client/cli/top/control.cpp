// See control.hpp.
#include "client/cli/top/control.hpp"

#include <algorithm>
#include <utility>

namespace jobpool::cli {
namespace {

using Kind = TopAction::Kind;
using Question = TopView::Question;

constexpr std::ptrdiff_t kPage = 10;

void move_selection(const TopData& data, TopView& view, std::ptrdiff_t by) {
  const auto jobs = chosen_jobs(data, view);
  if (jobs.empty()) return;
  const auto at = std::ranges::find_if(jobs, [&](const proto::Job* job) { return view.selected && job->id == *view.selected; });
  // The first key selects what is there.
  const std::ptrdiff_t place = at == jobs.end() ? (by > 0 ? 0 : std::ssize(jobs) - 1) : (at - jobs.begin()) + by;
  view.selected = jobs[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(place, 0, std::ssize(jobs) - 1))]->id;
}

void next_pool(const TopData& data, TopView& view) {
  const auto& pools = data.status.pools;
  const auto at = std::ranges::find(pools, view.pool, &proto::PoolStatus::name);
  const auto next = view.pool.empty() || at == pools.end() ? (view.pool.empty() ? pools.begin() : pools.end()) : at + 1;
  view.pool = next == pools.end() ? "" : next->name;
}

void next_sort(TopView& view) {
  view.sort = view.sort == TopSort::time ? TopSort::newest : static_cast<TopSort>(static_cast<int>(view.sort) + 1);
}

void ask_first(const TopData& data, TopView& view, Question question) {
  const proto::Job* job = selected_job(data, view);
  if (job == nullptr) {
    view.message = "select a job first, with the arrow keys";
    return;
  }
  const bool has_ended = job->state == JobState::done;
  if (question == Question::cancel && has_ended)
    view.message = "job " + std::to_string(job->id.value) + " has ended already";
  else if (question == Question::retry && !has_ended)
    view.message = "job " + std::to_string(job->id.value) + " has not ended";
  else
    view.question = question;
}

TopAction take_answer(const Key& key, TopView& view) {
  const Question question = std::exchange(view.question, Question::none);
  if (!key.is('y') || !view.selected) {
    view.message = "nothing was done";
    return {};
  }
  return {question == Question::cancel ? Kind::cancel : Kind::retry, *view.selected};
}

void type_filter(const Key& key, TopView& view) {
  switch (key.kind) {
    case Key::Kind::character:
      *view.typed += key.text;
      return;
    case Key::Kind::backspace:
      while (!view.typed->empty() && (static_cast<unsigned char>(view.typed->back()) & 0xc0) == 0x80) view.typed->pop_back();
      if (!view.typed->empty()) view.typed->pop_back();
      return;
    case Key::Kind::enter:
      view.filter = *std::exchange(view.typed, std::nullopt);
      return;
    case Key::Kind::escape:
      view.typed.reset();
      return;
    default:
      return;
  }
}

TopAction obey(char c, const TopData& data, TopView& view) {
  switch (c) {
    case 'q':
      return {Kind::quit};
    case 'j':
      move_selection(data, view, 1);
      break;
    case 'k':
      move_selection(data, view, -1);
      break;
    case '/':
      view.typed = view.filter;
      break;
    case 'p':
      next_pool(data, view);
      break;
    case 's':
      next_sort(view);
      break;
    case 'c':
      ask_first(data, view, Question::cancel);
      break;
    case 'r':
      ask_first(data, view, Question::retry);
      break;
    case ' ':
      view.frozen = !view.frozen;
      break;
    case '?':
    case 'h':
      view.explains = !view.explains;
      break;
    default:
      break;
  }
  return {};
}

}  // namespace

TopAction act(const Key& key, const TopData& data, TopView& view) {
  view.message.clear();
  if (view.question != Question::none) return take_answer(key, view);
  if (view.typed) {
    type_filter(key, view);
    return {};
  }
  switch (key.kind) {
    case Key::Kind::character:
      return key.text.size() == 1 ? obey(key.text.front(), data, view) : TopAction{};
    case Key::Kind::up:
      move_selection(data, view, -1);
      break;
    case Key::Kind::down:
      move_selection(data, view, 1);
      break;
    case Key::Kind::page_up:
      move_selection(data, view, -kPage);
      break;
    case Key::Kind::page_down:
      move_selection(data, view, kPage);
      break;
    case Key::Kind::home:
      move_selection(data, view, -std::ssize(data.jobs));
      break;
    case Key::Kind::end:
      move_selection(data, view, std::ssize(data.jobs));
      break;
    case Key::Kind::escape:
      view.filter.clear();
      view.selected.reset();
      view.explains = false;
      break;
    default:
      break;
  }
  return {};
}

}  // namespace jobpool::cli
