// What a Store told its listener, in order, as words a test can compare.
#pragma once

#include <poll.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "daemon/broker/store/store.hpp"

namespace jobpool::testing {

class Told : public broker::StoreListener {
 public:
  void on_committed(broker::CommitNumber number) override {
    committed = number;
    all.push_back("committed " + std::to_string(number));
  }
  void on_full(broker::CommitNumber number, std::vector<JobId> refused) override {
    std::string words = "full " + std::to_string(number) + ":";
    for (const JobId job : refused) words += " " + std::to_string(job.value);
    all.push_back(words);
  }
  void on_room() override { all.emplace_back("room"); }
  void on_failed(Error error) override {
    all.emplace_back("failed");
    failure = error;
  }

  void on_stuck() override { ++stuck; }

  bool has(const std::string& words) const { return std::find(all.begin(), all.end(), words) != all.end(); }

  std::vector<std::string> all;
  broker::CommitNumber committed = 0;
  int stuck = 0;
  Error failure{Errc::io, ""};
};

// Collects until `is_enough`, or until nothing has come for a minute: false.
inline bool collect_until(broker::Store& store, Told& told, const std::function<bool()>& is_enough) {
  for (store.collect(told); !is_enough(); store.collect(told)) {
    pollfd ready{.fd = store.descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 60'000) != 1) return false;
  }
  return true;
}

// Until every batch is committed, or the store has failed.
inline bool collect_all(broker::Store& store, Told& told) {
  return collect_until(store, told, [&] { return store.in_flight() == 0 || told.has("failed"); });
}

}  // namespace jobpool::testing
