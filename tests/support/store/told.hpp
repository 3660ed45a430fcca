// What a Store told its listener, in order, as words a test can compare.
#pragma once

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

  bool has(const std::string& words) const {
    for (const std::string& told : all)
      if (told == words) return true;
    return false;
  }

  std::vector<std::string> all;
  broker::CommitNumber committed = 0;
  Error failure{Errc::io, ""};
};

}  // namespace jobpool::testing
