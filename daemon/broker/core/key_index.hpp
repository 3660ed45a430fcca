// The jobs that were submitted under a key, found by submitter and key. A set of pointers to the jobs, which have both: a job's key costs
// one small node here, and a lookup one comparison. Broker process; owned by JobCore.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "daemon/broker/core/job.hpp"

namespace jobpool::broker {

class KeyIndex {
 public:
  // Null: none. Keys are each submitter's own.
  Job* find(uid_t uid, std::string_view key) const {
    const auto found = jobs_.find(Name{uid, key});
    return found == jobs_.end() ? nullptr : *found;
  }
  // A job without a key is not entered; of two with the same name the later one is: a broker may find one that was forgotten before that
  // came, and whose record had to stay.
  // Requires: the job stays where it is, with its key, until it is erased.
  void add(Job& job) {
    if (job.key.empty()) return;
    const auto [there, is_first] = jobs_.insert(&job);
    if (is_first || (*there)->id > job.id) return;
    jobs_.erase(there);
    jobs_.insert(&job);
  }
  // Nothing happens when the name is another job's.
  void erase(Job& job) {
    if (job.key.empty()) return;
    if (const auto found = jobs_.find(&job); found != jobs_.end() && *found == &job) jobs_.erase(found);
  }

 private:
  struct Name {
    uid_t uid;
    std::string_view key;
    Name(uid_t uid, std::string_view key) : uid(uid), key(key) {}
    Name(const Job* job) : uid(job->uid), key(job->key) {}  // implicit: a job stands for its name
    bool operator==(const Name&) const = default;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const {
      return std::hash<std::string_view>{}(name.key) ^ (name.uid * std::size_t{0x9e3779b97f4a7c15});
    }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const Name& one, const Name& other) const { return one == other; }
  };

  std::unordered_set<Job*, Hash, Same> jobs_;
};

}  // namespace jobpool::broker
