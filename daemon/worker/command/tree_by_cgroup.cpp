// The process tree with cgroup v2: one fresh cgroup per attempt, killed by the kernel in one step. Worker process, its one thread.
// Fresh ones, because after a kill some kernels kill whoever enters that cgroup later.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/log.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/command/process_tree.hpp"

namespace jobpool::worker {
namespace {

constexpr mode_t kCgroupMode = 0755;

// A job may have made cgroups of its own below; they go first. Any depth is fine: the kernel bounds it (cgroup.max.depth).
bool remove_cgroup(int parent, const std::string& name) {
  const int directory = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (directory < 0) return errno == ENOENT;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(directory), &::closedir);
  if (!entries) return false;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') remove_cgroup(directory, entry->d_name);
  }
  return ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0;
}

class CgroupTree final : public ProcessTree {
 public:
  explicit CgroupTree(UniqueFd base) : base_(std::move(base)), others_(make_subreaper_tree()) {}
  ~CgroupTree() override { end(); }

  Result<void> begin(const Attempt& attempt) override {
    name_ = "job-" + std::to_string(attempt.job.value) + "." + std::to_string(attempt.number);
    if (::mkdirat(base_.get(), name_.c_str(), kCgroupMode) != 0 && errno != EEXIST) return failed("making");
    group_.reset(::openat(base_.get(), name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!group_) return failed("opening");
    entry_.reset(::openat(group_.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
    if (!entry_) return failed("opening the entry of");
    return {};
  }

  int entry() const override { return entry_.get(); }

  void signal_all(int signal) override { others_->signal_all(signal); }

  Result<void> kill_all(Reaper& reaper) override {
    const UniqueFd kill(::openat(group_.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
    if (!kill || ::write(kill.get(), "1", 1) != 1) log::warn("{}, killing its processes one by one", failed("killing").text);
    // Also reaps, and finds whoever moved himself into another cgroup.
    return others_->kill_all(reaper);
  }

  void end() override {
    entry_.reset();
    group_.reset();
    if (name_.empty()) return;
    if (!remove_cgroup(base_.get(), name_)) log::warn("{}, leaving it", failed("removing").text);
    name_.clear();
  }

 private:
  Error failed(const std::string& doing) const { return errno_error(doing + " the job's cgroup '" + name_ + "'"); }

  UniqueFd base_;
  std::unique_ptr<ProcessTree> others_;
  std::string name_;
  UniqueFd group_;
  UniqueFd entry_;
};

}  // namespace

Result<std::unique_ptr<ProcessTree>> make_cgroup_tree(const std::string& base) {
  UniqueFd directory(::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno_error("cgroup '" + base + "'");
  if (::faccessat(directory.get(), "cgroup.kill", W_OK, 0) != 0)
    return Error{Errc::unsupported,
                 "cgroup '" + base + "': no writable cgroup.kill; it must be a delegated cgroup v2 directory, Linux 5.14 or later"};
  auto tree = std::make_unique<CgroupTree>(std::move(directory));
  return std::unique_ptr<ProcessTree>(std::move(tree));
}

}  // namespace jobpool::worker
