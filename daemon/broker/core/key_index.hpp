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
    return found == jobs_.end() ? nullptr : found->job;
  }
  // A job without a key is not entered; of two with the same name the later one is: a broker may find one that was forgotten before that
  // came, and whose record had to stay.
  // Requires: the job stays where it is, with its key, until it is erased.
  void add(Job& job) {
    if (job.key.empty()) return;
    const Entry entry{Name{job.uid, job.key}.hash, &job};
    const auto [there, is_first] = jobs_.insert(entry);
    if (is_first || there->job->id > job.id) return;
    jobs_.erase(there);
    jobs_.insert(entry);
  }
  // Nothing happens when the name is another job's.
  void erase(Job& job) {
    if (job.key.empty()) return;
    if (const auto found = jobs_.find(Name{job.uid, job.key}); found != jobs_.end() && found->job == &job) jobs_.erase(found);
  }

 private:
  struct Name {
    uid_t uid;
    std::string_view key;
    std::size_t hash = std::hash<std::string_view>{}(key) ^ (uid * std::size_t{0x9e3779b97f4a7c15});
  };
  // The hash of its job's name stands beside it, since a set asks for those of the neighbours too: they would be read from jobs that nobody
  // has looked at for long. (It fits into what the allocator gives to the node anyway.)
  struct Entry {
    std::size_t hash;
    Job* job;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const { return name.hash; }
    std::size_t operator()(const Entry& entry) const { return entry.hash; }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const Entry& one, const Name& other) const {
      return one.hash == other.hash && one.job->uid == other.uid && std::string_view{one.job->key} == other.key;
    }
    bool operator()(const Name& one, const Entry& other) const { return (*this)(other, one); }
    bool operator()(const Entry& one, const Entry& other) const {
      return one.hash == other.hash && one.job->uid == other.job->uid && one.job->key == other.job->key;
    }
  };

  std::unordered_set<Entry, Hash, Same> jobs_;
};

}  // namespace jobpool::broker
