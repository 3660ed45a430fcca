// See map_show.hpp.
#include "client/cli/map_show.hpp"

#include <unistd.h>

#include <string>
#include <utility>

#include "client/cli/tell.hpp"

namespace jobpool::cli {

// The end of this process cancels what is under way. To wait for that instead could take as long as it runs, or as whoever writes our
// stdin.
void MapShow::leave(int code) const { ::_exit(code); }

int MapShow::to_the_end() {
  bool is_halted = false;
  for (;;) {
    auto done = run_.next();
    if (!done && done.error().code == Errc::interrupted) end_interrupted();
    if (!done) give_up(done.error());
    if (!*done) break;
    if (const std::optional<Error> lost = (*done)->end.lost) {
      keep_ended(std::move(**done));
      give_up(*lost);
    }
    const auto halted = report_.count((*done)->end);
    show(std::move(**done));
    if (!halted || std::exchange(is_halted, true)) continue;
    bar_.clear();
    tell("halted: " + report_.summary(total_) + (*halted == HaltRule::Haste::now ? "; what ran is cancelled" : "; what runs may end"));
    if (*halted == HaltRule::Haste::now) break;
    run_.stop();
  }
  for (auto& [number, done] : std::exchange(early_, {})) show_now(done);
  bar_.clear();
  report_.finish();
  if (is_halted) leave(report_.exit_code());  // a thread may be reading still
  return report_.exit_code();
}

void MapShow::end_interrupted() {
  show_rest();
  bar_.clear();
  tell("interrupted: " + report_.summary(total_) + "; what ran is cancelled");
  report_.finish();
  leave(kExitInterrupted);
}

// There is no daemon any more, or no more items are to be had.
void MapShow::give_up(const Error& why) {
  show_rest();
  bar_.clear();
  report_.finish();
  leave(fail(why));
}

void MapShow::show_rest() {
  while (auto done = run_.take_ended()) keep_ended(std::move(*done));
  for (auto& [number, done] : std::exchange(early_, {})) show_now(done);
}

void MapShow::keep_ended(MapRun::Done done) {
  if (done.end.lost && !done.end.is_whole) return;
  (void)report_.count(done.end);
  const std::size_t number = done.number;
  early_.emplace(number, std::move(done));
}

void MapShow::show(MapRun::Done done) {
  if (order_ == client::Order::as_they_come) return show_now(done);
  const std::size_t number = done.number;
  early_.emplace(number, std::move(done));
  for (auto next = early_.find(turn_); next != early_.end(); next = early_.find(++turn_)) {
    show_now(next->second);
    early_.erase(next);
  }
}

void MapShow::show_now(MapRun::Done& done) {
  const auto shown = report_.take(done.task, done.end);
  if (shown) return;
  bar_.clear();
  leave(fail(shown.error()));
}

}  // namespace jobpool::cli
