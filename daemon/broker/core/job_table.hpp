// All known jobs, by id and in the order of ids. Jobs stay where they are. Broker process, its one thread; owned by JobCore.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "common/shm/layout.hpp"
#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/job_id_map.hpp"

namespace jobpool::broker {

class JobTable {
 public:
  // Null: not known.
  Job* find(JobId id) const { return at_place(jobs_.find(id)); }
  bool contains(JobId id) const { return jobs_.contains(id); }
  // Requires: known.
  Job& at(JobId id) const {
    Job* job = find(id);
    if (job == nullptr) std::abort();  // a broken invariant
    return *job;
  }

  // `id` is looked at, and the next ones will be: they are brought into the processor's cache. Behind a thousand others that came or ended
  // meanwhile a job is not there any more, and waiting for one line after the other takes as long as what is done with it.
  void foresee(JobId id) const {
    constexpr std::uint64_t kJobAhead = 4, kTextsAhead = 2;  // the texts' places are in the job
    if (const Job* job = find(JobId{id.value + kJobAhead}))
      for (std::size_t at = 0; at < sizeof(Job); at += shm::kCacheLine) __builtin_prefetch(reinterpret_cast<const char*>(job) + at);
    if (const Job* job = find(JobId{id.value + kTextsAhead}))
      for (const SharedText* text : {&job->payload, &job->key, &job->description}) __builtin_prefetch(text->data());
  }

  // Requires: not known yet.
  Job& add(JobId id) {
    Job& job = *jobs_.add(id, std::make_unique_for_overwrite<Job>());
    job.id = id;
    return job;
  }
  Job& add(Job&& job) { return *jobs_.add(job.id, std::make_unique<Job>(std::move(job))); }
  // Requires: known.
  void erase(JobId id) { jobs_.erase(id); }

  // The first with this id or a larger one; the last with a smaller one. Null: there is none.
  Job* from(JobId id) const { return at_place(jobs_.from(id)); }
  Job* before(JobId id) const { return at_place(jobs_.before(id)); }
  Job* first() const { return from(JobId{0}); }
  Job* after(const Job& job) const { return from(JobId{job.id.value + 1}); }

  std::size_t size() const { return jobs_.size(); }

 private:
  using Owned = std::unique_ptr<Job>;
  static Job* at_place(const Owned* place) { return place == nullptr ? nullptr : place->get(); }

  JobIdMap<Owned> jobs_;
};

}  // namespace jobpool::broker
