// Arguments in, report out, and the folders opened in between; see the header.
#include "daemon/worker/function/copy/copy_functions.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "common/copy/names.hpp"
#include "common/copy/open_beneath.hpp"
#include "daemon/worker/function/copy/file_copy.hpp"
#include "daemon/worker/function/first_argument.hpp"
#include "proto/json_reader.hpp"

namespace jobpool::worker {
namespace {

struct OpenRoots {
  UniqueFd source, target;
};

Result<UniqueFd> open_root(const std::string& path, proto::FolderId wanted) {
  UniqueFd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!root || ::fstat(root.get(), &status) != 0) return errno_error("worker cannot open " + path);
  if (proto::FolderId{status.st_dev, status.st_ino} != wanted)
    return Error{Errc::unsupported,
                 "the daemon sees another folder at " + path + ": it has other mounts than you; use a daemon of your own"};
  return root;
}

Result<OpenRoots> open_roots(const proto::CopyRoots& roots) {
  if (roots.user != ::geteuid())
    return Error{Errc::unsupported, "the daemon works as user " + std::to_string(::geteuid()) + ", you are user " +
                                        std::to_string(roots.user) + ": the copies would not be yours; use a daemon of your own"};
  auto source = open_root(roots.source, roots.source_id);
  if (!source) return source.error();
  auto target = open_root(roots.target, roots.target_id);
  if (!target) return target.error();
  return OpenRoots{std::move(*source), std::move(*target)};
}

// The folders of one job's part; their end where they cannot be opened.
struct OpenPair {
  UniqueFd source, target;
  copy::FileError error;

  OpenPair(const OpenRoots& roots, const std::string& folder) {
    source = copy::open_folder_beneath(roots.source.get(), folder);
    if (!source) error = copy::failed_to("open the source's folder");
    if (source) target = copy::open_folder_beneath(roots.target.get(), folder);
    if (source && !target) error = copy::failed_to("open the target's folder");
  }
  FolderPair pair(bool fresh) const { return {source.get(), target.get(), fresh, copy::inheritance_of(target.get())}; }
  proto::FileEnd end() const {
    const bool vanished = !source && error.number == ENOENT;
    return {vanished ? proto::CopyEnd::vanished : proto::CopyEnd::failed, 0, false, error.text()};
  }
};

bool should_stop(const jobpool_call* call) { return call->should_stop(call) != 0; }

CopyTerms terms_of(const jobpool_call* call, const proto::CopyRoots& roots, copy::StopAsked stop) {
  const auto temporary = [&](std::uint32_t attempt) {
    return std::string(copy::kTemporaryPrefix) + roots.run + "-" + std::to_string(call->job_id) + "-" + std::to_string(attempt);
  };
  CopyTerms terms{roots.verify, roots.sync, call->attempt > 1, temporary(call->attempt), {}, std::move(stop)};
  for (std::uint32_t attempt = 1; attempt < call->attempt; ++attempt) terms.earlier.push_back(temporary(attempt));
  return terms;
}

void copy_folder(const OpenRoots& roots, const proto::CopyFolder& folder, const CopyTerms& terms, proto::CopyReport& report) {
  const OpenPair open(roots, folder.path);
  if (open.error.happened()) {
    report.files.insert(report.files.end(), folder.files.size(), open.end());
    return;
  }
  // A half file, where the file system has none without a name. Nobody else looks for it before the copy is said to be complete.
  for (const std::string& name : terms.earlier) ::unlinkat(open.target.get(), name.c_str(), 0);
  const FolderPair pair = open.pair(folder.fresh);
  for (std::size_t i = 0; i < folder.files.size() && !terms.stop(); ++i) {
    const std::string& name = folder.files[i];
    report.files.push_back(copy_file(pair, name, folder.targets.empty() ? name : folder.targets[i], terms));
    if (report.files.back().end == proto::CopyEnd::no_room) return;
  }
}

proto::CopyReport run_files(const proto::CopyFiles& job, const OpenRoots& roots, const CopyTerms& terms) {
  proto::CopyReport report;
  for (const proto::CopyFolder& folder : job.folders) {
    copy_folder(roots, folder, terms, report);
    if (!report.files.empty() && report.files.back().end == proto::CopyEnd::no_room) break;
  }
  return report;
}

proto::CopyReport run_range(const proto::CopyRange& job, const OpenRoots& roots, const CopyTerms& terms) {
  const OpenPair open(roots, job.folder);
  return {{}, {open.error.happened() ? open.end() : copy_range(open.pair(false), job, terms)}};
}

// Reads, runs and answers for both kinds of job.
template <class Job>
void serve(const jobpool_call* call, Result<Job> (*read)(proto::JsonText),
           proto::CopyReport (*run)(const Job&, const OpenRoots&, const CopyTerms&)) {
  const auto text = first_argument({call->arguments, call->arguments_length}).value_or(std::string_view());
  const std::optional<proto::JsonText> object = proto::JsonText::check(text, proto::kMaxMessageDepth);
  if (!object || !object->is_object()) return call->set_error(call, "ArgumentError", "argument 1: must be an object");
  const Result<Job> job = read(*object);
  if (!job) return call->set_error(call, "ArgumentError", (job.error().text + ": missing, unknown or of the wrong type").c_str());

  proto::CopyReport report;
  const Result<OpenRoots> roots = open_roots(job->roots);
  if (roots) {
    const auto stop = [call] { return should_stop(call); };
    report = run(*job, *roots, terms_of(call, job->roots, stop));
    if (stop()) return call->set_error(call, "Stopped", "was asked to stop while it copied");
  } else {
    report.problem = roots.error().text;
  }
  const std::string answer = proto::write_copy_report(report);
  call->set_result(call, answer.data(), answer.size());
}

void serve_files(const jobpool_call* call, void*) { serve(call, proto::read_copy_files, run_files); }
void serve_range(const jobpool_call* call, void*) { serve(call, proto::read_copy_range, run_range); }

}  // namespace

void add_copy_functions(FunctionTable& table) {
  const std::string source = "built in";
  table.add({"copy_files", "copy_files(job): whole files, for jobpool copy", &serve_files, nullptr}, Function::Origin::built_in, source);
  table.add({"copy_range", "copy_range(job): a part of a large file, for jobpool copy", &serve_range, nullptr}, Function::Origin::built_in,
            source);
}

}  // namespace jobpool::worker
