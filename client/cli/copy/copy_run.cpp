// See copy_run.hpp.
#include "client/cli/copy/copy_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>

#include "client/cli/copy/callers.hpp"
#include "client/cli/copy/unfinished.hpp"
#include "client/cli/copy/walk.hpp"
#include "client/cli/interrupt_watch.hpp"
#include "client/cli/interrupts.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/key.hpp"
#include "client/lib/start_thread.hpp"
#include "common/clock.hpp"
#include "common/copy/file_error.hpp"
#include "common/copy/names.hpp"
#include "common/eventfd.hpp"

namespace jobpool::cli {
namespace {

constexpr int kProgressEvery = 100;  // ms: what an eye can follow
constexpr std::size_t kDigitsOfRun = 16;

proto::FolderId id_of(int folder) {
  struct stat status {};
  ::fstat(folder, &status);
  return {status.st_dev, status.st_ino};
}

proto::CopyRoots roots_of(const CopyPlaces& places, const CopyOptions& options) {
  proto::CopyRoots roots;
  roots.source = places.source;
  roots.target = places.target;
  roots.source_id = id_of(places.source_root.get());
  roots.target_id = id_of(places.target_root.get());
  roots.user = ::geteuid();
  roots.run = client::make_key().substr(0, kDigitsOfRun);
  roots.verify = options.verify;
  roots.sync = options.sync;
  return roots;
}

// From the walk to the callers and the reader.
class CopyFlow : public WalkSink {
 public:
  CopyFlow(proto::CopyRoots roots, JobSource& source, FinishedQueue& finished)
      : plan_(std::move(roots)), source_(source), finished_(finished) {}

  void on_file(const FoundFile& file) override {
    ++files_found;
    bytes_found += static_cast<std::uint64_t>(file.status.st_size);
    if (is_large(file.status)) return source_.put(LargeWork{file});
    if (auto batch = plan_.add(file)) source_.put(std::move(*batch));
  }
  void on_end(Finished end) override {
    if (end.kind != EntryKind::folder) ++files_found;
    if (end.end.end == proto::CopyEnd::no_room) source_.stop(no_room_error());
    std::vector<Finished> one;
    one.push_back(std::move(end));
    finished_.put(std::move(one));
  }
  bool is_stopped() const override { return source_.is_stopped(); }

  void close() {
    if (auto batch = plan_.rest()) source_.put(std::move(*batch));
    all_found = true;
    source_.close();
    finished_.leave();
  }

  std::atomic<std::uint64_t> files_found = 0, bytes_found = 0;
  std::atomic<bool> all_found = false;

 private:
  BatchPlan plan_;
  JobSource& source_;
  FinishedQueue& finished_;
};

class CopyRun {
 public:
  CopyRun(client::Connections& connections, const CopyPlaces& places, const CopyOptions& options)
      : places_(places),
        options_(options),
        roots_(roots_of(places, options)),
        interrupted_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        display_(places, options.names, user_language()),
        finished_(options.slots + 1),
        flow_(roots_, source_, finished_),
        walk_(places, std::string(copy::kTemporaryPrefix) + roots_.run + "-walk", flow_),
        connections_(connections) {}

  // nullopt: all that can be copied is.
  std::optional<int> copy_all() {
    InterruptWatch::block();
    // In a thread of its own: who reads our names may not read them, and the second Ctrl-C ends this process all the same.
    std::optional<InterruptWatch> watch(std::in_place, [this] { ring_eventfd(interrupted_.get()); });
    Result<std::thread> walker = client::start_thread([this] {
      walk_.run();
      flow_.close();
    });
    if (!walker) return fail(walker.error());
    CopyCallers callers({connections_, places_, roots_, options_.pool, source_, finished_, bytes_done_}, options_.slots);
    const Result<void> shown = show_until_end();
    if (!shown) leave(fail(shown.error()));
    walker->join();
    watch.reset();
    leave_if_interrupted();  // while the last names were written
    if (const auto why = source_.why_stopped()) {
      const bool no_room = why->text == no_room_error().text;  // the target has none; else it is the daemon
      display_.end_line();
      const int code = fail(*why);
      return no_room ? kExitNotAllCopied : code;
    }
    return std::nullopt;
  }

  // `unfinished`: a folder's.
  int finish(std::optional<Unfinished>& unfinished) {
    std::vector<Finished> rest = walk_.links().make(places_, display_.failed(), std::string(copy::kTemporaryPrefix) + roots_.run + "-link");
    for (Finished& folder : walk_.folders().finish(places_, [&] { unfinished->remove(); })) rest.push_back(std::move(folder));
    if (options_.sync && ::syncfs(places_.target_root.get()) != 0)
      rest.push_back({"", EntryKind::folder, {proto::CopyEnd::failed, 0, false, copy::failed_to("sync the target").text()}});
    for (const Finished& finished : rest)
      if (auto shown = display_.show(finished); !shown) return fail(shown.error());
    if (auto shown = display_.show_complete(progress_at_end()); !shown) return fail(shown.error());
    return display_.is_all_well() ? 0 : kExitNotAllCopied;
  }

 private:
  Result<void> show_until_end() {
    while (!finished_.has_ended()) {
      std::array<pollfd, 2> watched{{{finished_.fd(), POLLIN, 0}, {interrupted_.get(), POLLIN, 0}}};
      if (::poll(watched.data(), watched.size(), display_.has_progress() ? kProgressEvery : -1) < 0 && errno != EINTR)
        return errno_error("poll");
      for (const Finished& finished : finished_.take())
        if (auto shown = display_.show(finished); !shown) return shown;
      leave_if_interrupted();
      show_progress();
    }
    return {};
  }

  void leave_if_interrupted() {
    pollfd bell{interrupted_.get(), POLLIN, 0};
    if (::poll(&bell, 1, 0) <= 0) return;
    display_.tell_interrupted(progress());
    leave(kExitInterrupted);
  }

  void show_progress() {
    const TimePoint now = Clock::now();
    if (!display_.has_progress() || now < next_progress_) return;
    next_progress_ = now + std::chrono::milliseconds(kProgressEvery);
    display_.show_progress(progress());
  }

  CopyProgress progress() const {
    return {{flow_.files_found, flow_.bytes_found}, {display_.files_done(), bytes_done_}, flow_.all_found, seconds()};
  }
  // Hard links are counted when they are made, not when they are found.
  CopyProgress progress_at_end() const {
    const CopyProgress at_end = progress();
    return {{at_end.done.files, at_end.found.bytes}, {at_end.done.files, at_end.found.bytes}, true, at_end.seconds};
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  // The end of the process takes its connections with it, and so cancels what is under way; waiting for that may take long.
  [[noreturn]] static void leave(int code) { ::_exit(code); }

  const CopyPlaces& places_;
  const CopyOptions& options_;
  const proto::CopyRoots roots_;
  const UniqueFd interrupted_;
  const TimePoint begin_ = Clock::now();
  CopyDisplay display_;
  JobSource source_;
  FinishedQueue finished_;
  CopyFlow flow_;
  TreeWalk walk_;
  client::Connections& connections_;
  std::atomic<std::uint64_t> bytes_done_ = 0;
  TimePoint next_progress_{};
};

}  // namespace

int run_copy_job(client::Connections& connections, const CopyPlaces& places, const CopyOptions& options) {
  ::umask(077);  // what is not finished is nobody else's business
  std::optional<Unfinished> unfinished;
  if (!places.is_single()) {
    Result<Unfinished> claimed = Unfinished::claim(places.target_root.get(), places.source);
    if (!claimed) {
      tell(printable(places.shown_target) + ": " + claimed.error().text);
      return kExitNotAllCopied;
    }
    unfinished = std::move(*claimed);
  }
  CopyRun run(connections, places, options);
  if (const auto code = run.copy_all()) return *code;
  let_interrupts_end_us();  // what is done in one thread may be ended at any point
  return run.finish(unfinished);
}

}  // namespace jobpool::cli
