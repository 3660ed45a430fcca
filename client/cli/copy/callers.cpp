// See callers.hpp.
#include "client/cli/copy/callers.hpp"

#include "client/cli/copy/large_file.hpp"
#include "client/cli/exit_code.hpp"
#include "client/lib/key.hpp"
#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"
#include "client/lib/start_thread.hpp"
#include "common/copy/names.hpp"

namespace jobpool::cli {
namespace {

constexpr int kRetries = 3;  // after a worker's death; the third worker that dies of a job makes it poison
constexpr Microseconds kRetryBackoff{50'000};
constexpr int kMostDaemons = 5;  // that one job outlives: a copy may be begun again as often as one likes

proto::Submission copy_submission(std::string_view function, const std::string& job, const std::string& pool) {
  proto::Submission submission;
  submission.function = std::string(function);
  submission.arguments = "[" + job + "]";
  submission.name = "copy";
  submission.pool = pool;
  submission.key = client::make_key();
  submission.retries = kRetries;
  submission.backoff = kRetryBackoff;
  return submission;
}

// Fewer answers than files only behind one that found no room.
Result<proto::CopyReport> checked(Result<proto::CopyReport> report, std::size_t count) {
  if (!report || !report->problem.empty()) return report;
  const bool no_room = !report->files.empty() && report->files.back().end == proto::CopyEnd::no_room;
  if (report->files.size() > count || (report->files.size() < count && !no_room))
    return Error{Errc::protocol,
                 "a copying job answered for " + std::to_string(report->files.size()) + " of " + std::to_string(count) + " files"};
  return report;
}

Result<proto::CopyReport> report_of(const proto::Ending& ending, std::size_t count) {
  if (ending.outcome == Outcome::succeeded) return checked(proto::read_copy_report(ending.result.value_or("")), count);
  // This job's files only: others may go well.
  const proto::FileEnd failed{proto::CopyEnd::failed, 0, false, ending_message(ending)};
  return proto::CopyReport{{}, std::vector<proto::FileEnd>(count, failed)};
}

}  // namespace

CopyCallers::CopyCallers(Setup setup, std::size_t count) : setup_(std::move(setup)) {
  while (threads_.size() < count) {
    Result<std::thread> started = client::start_thread([this] { serve(); });
    if (!started) {
      do_without(count - threads_.size(), started.error());
      return;
    }
    threads_.push_back(std::move(*started));
  }
}

void CopyCallers::do_without(std::size_t callers, const Error& why) {
  if (threads_.empty()) setup_.source.stop(why);
  for (; callers > 0; --callers) setup_.finished.leave();
}

CopyCallers::~CopyCallers() {
  for (std::thread& thread : threads_) thread.join();
}

void CopyCallers::serve() {
  while (std::optional<CopyWork> work = setup_.source.take()) {
    std::visit([this](auto& kind) { run(kind); }, *work);
    setup_.source.done();
  }
  setup_.finished.leave();
}

Result<proto::CopyReport> CopyCallers::call(std::string_view function, const std::string& job, std::size_t count) {
  for (int daemon = 1;; ++daemon) {
    const proto::Submission submission = copy_submission(function, job, setup_.pool);
    client::RecoveringCall call(setup_.connections, proto::write_call("org.jobpool.Pool.Apply", proto::write_submit(submission)),
                                client::Resend::same_instance);
    const Result<client::Reply> reply = call.finish(client::kNever);
    // Whether it has run is of no account: to copy twice is as to copy once.
    if (!reply && reply.error().code == Errc::interrupted && daemon < kMostDaemons) continue;
    if (!reply) return reply.error();
    if (!reply->error.empty()) return client::describe_error(*reply);
    const Result<proto::Ending> ending = proto::read_ending(reply->parameters);
    if (!ending) return ending.error();
    return report_of(*ending, count);
  }
}

void CopyCallers::finish(std::vector<Finished> names) {
  if (!names.empty() && names.back().end.end == proto::CopyEnd::no_room) setup_.source.stop(no_room_error());
  setup_.finished.put(std::move(names));
}

bool CopyCallers::is_over(const Result<proto::CopyReport>& report) {
  if (!report) setup_.source.stop(report.error());
  if (report && !report->problem.empty()) setup_.source.stop({Errc::unsupported, report->problem});
  return !report || !report->problem.empty();
}

void CopyCallers::run(FileBatch& batch) {
  const Result<proto::CopyReport> report = call(proto::kCopyFiles, proto::write_copy_files(batch.job), batch.sizes.size());
  if (is_over(report)) return;
  std::vector<Finished> names;
  for (const proto::CopyFolder& folder : batch.job.folders)
    for (const std::string& name : folder.files) {
      const std::size_t at = names.size();
      if (at == report->files.size()) break;
      names.push_back({joined(folder.path, name), EntryKind::file, report->files[at]});
      setup_.bytes_done += batch.sizes[at];
    }
  finish(std::move(names));
}

void CopyCallers::run(LargeWork& work) {
  const std::string temporary =
      std::string(copy::kTemporaryPrefix) + setup_.roots.run + "-large-" + std::to_string(next_temporary_.fetch_add(1));
  const auto file = std::make_shared<LargeFile>(setup_.places, std::move(work.file), temporary);
  const std::string path = joined(file->file().folder, file->file().name);
  if (auto end = file->begin(setup_.roots)) {
    setup_.bytes_done += static_cast<std::uint64_t>(file->file().status.st_size);
    return finish({{path, EntryKind::file, std::move(*end)}});
  }
  std::vector<CopyWork> ranges;
  for (proto::CopyRange& range : file->ranges(setup_.roots)) ranges.emplace_back(RangeWork{file, std::move(range)});
  setup_.source.put_first(std::move(ranges));
}

void CopyCallers::run(RangeWork& work) {
  const Result<proto::CopyReport> report = call(proto::kCopyRange, proto::write_copy_range(work.range), 1);
  if (is_over(report)) return;
  setup_.bytes_done += static_cast<std::uint64_t>(work.range.length);
  if (auto end = work.file->on_range(report->files.front(), setup_.roots))
    finish({{joined(work.range.folder, work.range.file), EntryKind::file, std::move(*end)}});
}

}  // namespace jobpool::cli
