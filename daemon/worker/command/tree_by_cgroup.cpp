// The process tree with cgroup v2: one fresh cgroup per attempt, killed by the kernel in one step. Worker process, its one thread.
// Fresh ones, because after a kill some kernels kill whoever enters that cgroup later.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/cgroup.hpp"
#include "common/log.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/command/process_tree.hpp"

namespace jobpool::worker {
namespace {

constexpr mode_t kCgroupMode = 0755;

class CgroupTree final : public ProcessTree {
 public:
  explicit CgroupTree(UniqueFd base) : base_(std::move(base)), others_(make_subreaper_tree()) {}
  ~CgroupTree() override { end(); }

  // Without a cgroup the attempt is followed as if there were none for anybody: that is no reason to refuse a job.
  Result<void> begin(const Attempt& attempt) override {
    name_ = "job-" + std::to_string(attempt.job.value) + "." + std::to_string(attempt.number);
    if (::mkdirat(base_.get(), name_.c_str(), kCgroupMode) == 0 || errno == EEXIST)
      group_.reset(::openat(base_.get(), name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!group_) log::About{.job = attempt.job.value}.warn("{}, following its processes without", failed("making").text);
    return {};
  }

  int cgroup() const override { return group_.get(); }

  void signal_all(int signal) override { others_->signal_all(signal); }

  Result<void> kill_all(Reaper& reaper) override {
    if (group_)
      if (auto killed = kill_cgroup(group_.get()); !killed)
        log::warn("{}: {}, killing its processes one by one", name_, killed.error().text);
    // Also reaps, and finds whoever moved himself into another cgroup.
    return others_->kill_all(reaper);
  }

  void end() override {
    if (name_.empty()) return;
    group_.reset();
    if (!remove_cgroup(base_.get(), name_)) log::warn("{}, leaving it", failed("removing").text);
    name_.clear();
  }

 private:
  Error failed(const std::string& doing) const { return errno_error(doing + " the job's cgroup '" + name_ + "'"); }

  UniqueFd base_;
  std::unique_ptr<ProcessTree> others_;
  std::string name_;
  UniqueFd group_;
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
