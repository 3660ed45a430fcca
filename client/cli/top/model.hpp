// What `jobpool top` shows: what the daemon said last, and what the person at the keys has chosen. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/messages.hpp"
#include "proto/stats_messages.hpp"

namespace jobpool::cli {

struct TopData {
  proto::Status status;
  proto::Stats stats;
  struct Worker {
    std::string pool;
    proto::PoolWorker worker;
  };
  std::vector<Worker> workers;
  std::vector<proto::Job> jobs;  // those that run, and the newest
  std::int64_t now_usec = 0;
};

enum class TopSort { newest, oldest, state, time };

struct TopView {
  std::string pool;    // empty: all
  std::string filter;  // part of a job's number, name, state or command; empty: all
  TopSort sort = TopSort::newest;
  std::optional<JobId> selected;
  std::optional<std::string> typed;  // the filter, while it is being typed
  enum class Question { none, cancel, retry } question = Question::none;
  std::string message;    // what the last key did
  std::string trouble;    // why the daemon does not answer
  bool frozen = false;    // nothing new is shown
  bool explains = false;  // the keys are shown instead of jobs
};

// Those that the view wants, in its order.
std::vector<const proto::Job*> chosen_jobs(const TopData& data, const TopView& view);
const proto::Job* selected_job(const TopData& data, const TopView& view);

}  // namespace jobpool::cli
