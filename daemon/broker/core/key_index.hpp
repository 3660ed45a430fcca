// The jobs that were submitted under a key, found by submitter and key. A table of pointers to the jobs, which have both, by their hashes:
// a job's key costs two words here and what is free beside them, and a lookup reads one place, or a few side by side, before the job
// itself. Broker process; owned by JobCore.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/broker/core/job.hpp"

namespace jobpool::broker {

class KeyIndex {
 public:
  // Null: none. Keys are each submitter's own.
  Job* find(uid_t uid, std::string_view key) const { return places_[place_of(uid, key, hash_of(uid, key))].job; }
  // A job without a key is not entered; of two with the same name the later one is: a broker may find one that was forgotten before that
  // came, and whose record had to stay.
  // Requires: the job stays where it is, with its key, until it is erased.
  void add(Job& job) {
    if (job.key.empty()) return;
    const std::size_t hash = hash_of(job.uid, job.key);
    Place& place = places_[place_of(job.uid, job.key, hash)];
    if (place.job != nullptr) {
      if (place.job->id < job.id) place.job = &job;
      return;
    }
    place = {hash, &job};
    if (++size_ > places_.size() / 4 * 3) resize(places_.size() * 2);
  }
  // Nothing happens when the name is another job's.
  void erase(Job& job) {
    if (job.key.empty()) return;
    const std::size_t place = place_of(job.uid, job.key, hash_of(job.uid, job.key));
    if (places_[place].job != &job) return;
    close_up(place);
    if (--size_ < places_.size() / 8 && places_.size() > kLeast) resize(places_.size() / 2);
  }

 private:
  static constexpr std::size_t kLeast = 64;  // places; always a power of two, and a quarter of them free

  struct Place {
    std::size_t hash;    // of its job's name: most of those that are another's are told by it, and their jobs not looked at
    Job* job = nullptr;  // null: free
  };

  static std::size_t hash_of(uid_t uid, std::string_view key) {
    return std::hash<std::string_view>{}(key) ^ (uid * std::size_t{0x9e3779b97f4a7c15});
  }
  std::size_t after(std::size_t place) const { return (place + 1) & (places_.size() - 1); }
  std::size_t best_for(std::size_t hash) const { return hash & (places_.size() - 1); }

  // Where that name is, or else the free place that would be its own: the first one from the best for it on.
  std::size_t place_of(uid_t uid, std::string_view key, std::size_t hash) const {
    std::size_t at = best_for(hash);
    for (; places_[at].job != nullptr; at = after(at)) {
      const Place& place = places_[at];
      if (place.hash == hash && place.job->uid == uid && std::string_view{place.job->key} == key) break;
    }
    return at;
  }

  // What stands behind a place that becomes free, and not at its best one, would not be found any more: it moves up.
  void close_up(std::size_t free) {
    for (std::size_t at = after(free); places_[at].job != nullptr; at = after(at)) {
      const std::size_t mask = places_.size() - 1;
      const std::size_t from_best = (at - best_for(places_[at].hash)) & mask, from_free = (at - free) & mask;
      if (from_best < from_free) continue;
      places_[free] = places_[at];
      free = at;
    }
    places_[free].job = nullptr;
  }

  void resize(std::size_t places) {
    const std::vector<Place> all = std::exchange(places_, std::vector<Place>(places));
    for (const Place& one : all) {
      if (one.job == nullptr) continue;
      std::size_t at = best_for(one.hash);
      while (places_[at].job != nullptr) at = after(at);
      places_[at] = one;
    }
  }

  std::vector<Place> places_ = std::vector<Place>(kLeast);
  std::size_t size_ = 0;
};

}  // namespace jobpool::broker
