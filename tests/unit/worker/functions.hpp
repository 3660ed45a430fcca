// Calls functions as the worker does, without a worker around them. For the worker's tests.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <new>
#include <string>

#include "daemon/worker/function/built_in.hpp"
#include "daemon/worker/function/function_runner.hpp"
#include "daemon/worker/function/plugins.hpp"
#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {

class Functions {
 public:
  explicit Functions(const std::vector<std::string>& plugins = {}) {
    FunctionTable table;
    add_built_in(table);
    for (const std::string& plugin : plugins) REQUIRE(load_plugin(plugin, table));
    auto state = ProcessState::capture();
    REQUIRE(state);
    runner_.emplace(std::move(table), "/the/plugins", std::move(*state), setup.orders(), worker_);
  }

  const Report& call(const std::string& name, const std::string& arguments = "[]") { return run({name, "default", arguments}); }
  // The same function for each of `items`: "[[1],[2]]".
  const Report& map(const std::string& name, const std::string& items) { return run({name, "default", items, FunctionShape::chunk}); }
  // Which item of a chunk runs, as others see it, in other processes too.
  std::atomic<std::uint32_t>& item = shared_item();
  const Report& set_up(const WorkerSetup& with) {
    runner_->set_up(setup.attempt.sequence, with, report_);
    return report_;
  }
  // Used for the next again, as the worker does, whatever it was of.
  Report& last_report() { return report_; }
  // What the last call means for the worker.
  FunctionRunner::After after() const { return after_; }
  // The result, or "Type: reason".
  std::string answer(const std::string& name, const std::string& arguments = "[]") {
    const Report& report = call(name, arguments);
    return report.ending == Ending::returned ? report.result : report.error_type + ": " + report.reason;
  }

  Setup setup;

 private:
  static std::atomic<std::uint32_t>& shared_item() {
    static void* const page =
        ::mmap(nullptr, sizeof(std::atomic<std::uint32_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    return *new (page) std::atomic<std::uint32_t>{0};
  }
  const Report& run(const FunctionView& spec) {
    after_ = runner_->run(setup.attempt, spec, report_, item);
    return report_;
  }

  WorkerIdentity worker_{WorkerNumber{3}, "instance", "/run/jobpool/test"};
  std::optional<FunctionRunner> runner_;
  Report report_;
  FunctionRunner::After after_ = FunctionRunner::After::go_on;
};

}  // namespace jobpool::worker
