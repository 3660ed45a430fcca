// Tasks from a source, done by several threads at once, and their ends in the order wanted, with a bound on what is read ahead.
// Under Pool::map and `jobpool map`: a task is a chunk, what does it is a call that waits for its job. Where the source never waits, a
// thread may take several tasks in one go, to hand them on together.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "client/lib/start_thread.hpp"
#include "common/result.hpp"

namespace jobpool::client {

// as_they_come_in_window: as they come, and yet no more is read ahead of the first task that has not ended than with of_tasks: for whoever
// puts them in order.
enum class Order { of_tasks, as_they_come, as_they_come_in_window };

template <class Task, class End>
class ParallelRun {
 public:
  // nullopt: that was all. Called by one thread at a time. `slot`: which thread, from 1.
  using Read = std::function<Result<std::optional<Task>>(std::size_t slot)>;
  using Perform = std::function<End(const Task& task)>;  // by several at once
  struct Done {
    std::size_t number = 0;  // the task's, from 0
    Task task;
    End end;
  };

  // Several tasks to their ends, which are told as soon as they are there, those that come together at once: whoever waits for them is
  // woken once. `place`: among `tasks`. A task that was told is gone.
  struct Told {
    std::size_t place = 0;
    End end;
  };
  using Tell = std::function<void(std::vector<Told> ended)>;
  using PerformAll = std::function<void(std::span<Task> tasks, const Tell& tell)>;
  using AtOnce = std::function<std::size_t()>;

  // `slots`: threads. `buffer`: how many tasks may be read beyond the first whose end was not taken; as they come, beyond as many as
  // were taken.
  ParallelRun(Read read, const Perform& perform, Order order, std::size_t slots, std::size_t buffer)
      : ParallelRun(
            std::move(read),
            [perform](std::span<Task> tasks, const Tell& tell) {
              std::vector<Told> ended;
              ended.push_back({0, perform(tasks.front())});
              tell(std::move(ended));
            },
            [] { return 1; }, order, slots, buffer) {}
  // `at_once`: how many tasks a thread that is free may take. Above 1 only of a source that does not wait: a task that was read waits for
  // the reading of those that go with it.
  ParallelRun(Read read, PerformAll perform, AtOnce at_once, Order order, std::size_t slots, std::size_t buffer)
      : perform_(std::move(perform)),
        at_once_(std::move(at_once)),
        order_(order),
        slots_(slots),
        buffer_(buffer),
        read_task_(std::move(read)) {
    const std::lock_guard reading(source_mutex_);  // it may want to start the next before it is known here
    if (const auto started = add_thread(); !started) {
      source_error_ = started.error();
      exhausted_ = true;
    }
  }
  // Waits for the tasks that are under way, and for a read that is.
  ~ParallelRun() {
    stop();
    for (std::thread& thread : threads_) thread.join();
  }
  ParallelRun(const ParallelRun&) = delete;
  ParallelRun& operator=(const ParallelRun&) = delete;

  // Reads nothing more; what is under way goes on, and next() gives it.
  void stop() {
    const std::lock_guard lock(mutex_);
    exhausted_ = true;
    room_.notify_all();
    ended_.notify_all();
  }

  // Whoever waits in next(), now or later, gets this error.
  void interrupt(Error error) {
    const std::lock_guard lock(mutex_);
    interruption_ = std::move(error);
    ended_.notify_all();
  }

  // The next end; nullopt: that was all. Errors: of the source, or that not even one thread could be started, once what was
  // read before has ended; of interrupt().
  Result<std::optional<Done>> next() {
    std::unique_lock lock(mutex_);
    auto found = ends_.end();
    ended_.wait(lock, [&] {
      found = order_ == Order::of_tasks ? ends_.find(taken_) : ends_.begin();
      return interruption_ || found != ends_.end() || (exhausted_ && taken_ == read_);
    });
    if (interruption_) return *interruption_;
    if (found == ends_.end()) {
      if (source_error_) return *source_error_;
      return std::optional<Done>{};
    }
    return std::optional{take(found)};
  }

  // One that has ended and that next() has not given, whatever else there is to say: after an interruption. nullopt: there is none.
  std::optional<Done> take_ended() {
    const std::lock_guard lock(mutex_);
    if (ends_.empty()) return std::nullopt;
    return take(ends_.begin());
  }

 private:
  using Ends = std::map<std::size_t, Done>;

  // Requires: mutex_ is held.
  Done take(typename Ends::iterator found) {
    Done done = std::move(found->second);
    ends_.erase(found);
    ++taken_;
    if (order_ == Order::as_they_come_in_window) {
      taken_ahead_.insert(done.number);
      while (taken_ahead_.erase(first_open_) > 0) ++first_open_;
    }
    if (has_room()) room_.notify_one();
    return done;
  }
  // For as many tasks as a thread wants to take: not for the first of them alone, for then they would not go together any more.
  // Requires: mutex_ is held.
  bool has_room() const { return read_ahead() + room_wanted_ <= buffer_; }
  std::size_t read_ahead() const { return read_ - (order_ == Order::as_they_come_in_window ? first_open_ : taken_); }

  // One more each time a task was read, so that a few tasks need no more threads than they are. Errors: there is none more to be had; those
  // that run go on without it. Requires: source_mutex_ is held.
  Result<void> add_thread() {
    if (threads_.size() == slots_) return {};
    const std::size_t slot = threads_.size() + 1;
    Result<std::thread> started = start_thread([this, slot] { serve(slot); });
    if (!started) return started.error();
    threads_.push_back(std::move(*started));
    return {};
  }

  struct Tasks {
    std::size_t first = 0;  // number
    std::vector<Task> list;
  };

  void serve(std::size_t slot) {
    for (Tasks tasks = take_tasks(slot); !tasks.list.empty(); tasks = take_tasks(slot)) {
      perform_(tasks.list, [&](std::vector<Told> ended) {
        const std::lock_guard lock(mutex_);
        bool is_waited_for = false;
        for (Told& one : ended) {
          const std::size_t number = tasks.first + one.place;
          ends_.emplace(number, Done{number, std::move(tasks.list[one.place]), std::move(one.end)});
          is_waited_for |= order_ != Order::of_tasks || number == taken_;  // nobody waits for another one
        }
        if (is_waited_for) ended_.notify_one();
      });
    }
  }

  // None: there are no more.
  Tasks take_tasks(std::size_t slot) {
    const std::lock_guard reading(source_mutex_);
    const std::size_t most = at_once_();
    Tasks tasks;
    {
      std::unique_lock lock(mutex_);
      room_wanted_ = std::clamp<std::size_t>(most, 1, buffer_);
      room_.wait(lock, [&] { return exhausted_ || has_room(); });
      if (exhausted_) return tasks;
      tasks.first = read_;
    }
    Result<bool> has_more = true;
    while (has_more && *has_more && tasks.list.size() < room_wanted_) has_more = read_into(tasks.list, slot);
    const std::lock_guard lock(mutex_);
    if (exhausted_) return {};  // stopped meanwhile: what was read since is nobody's
    read_ += tasks.list.size();
    if (!has_more || !*has_more) {
      if (!has_more) source_error_ = has_more.error();
      exhausted_ = true;
      room_.notify_all();
      ended_.notify_all();
    }
    if (!tasks.list.empty()) (void)add_thread();
    return tasks;
  }

  // False: that was all. Requires: source_mutex_ is held.
  Result<bool> read_into(std::vector<Task>& tasks, std::size_t slot) {
    auto task = read_task_(slot);
    if (!task) return task.error();
    if (*task) tasks.push_back(std::move(**task));
    return task->has_value();
  }

  const PerformAll perform_;
  const AtOnce at_once_;
  const Order order_;
  const std::size_t slots_, buffer_;

  // Taken before mutex_ where both are: reading may take as long as whoever writes our stdin does, and ends are told meanwhile.
  std::mutex source_mutex_;
  Read read_task_;
  std::vector<std::thread> threads_;  // under source_mutex_, until stop(): then there come no more
  std::mutex mutex_;                  // of all below
  std::condition_variable room_, ended_;
  std::optional<Error> source_error_, interruption_;
  bool exhausted_ = false;
  std::size_t read_ = 0, taken_ = 0;
  std::size_t room_wanted_ = 1;        // by whoever has source_mutex_, and changed by it alone
  Ends ends_;                          // by the task's number, of those not taken
  std::size_t first_open_ = 0;         // the first whose end was not taken
  std::set<std::size_t> taken_ahead_;  // those behind it whose ends were
};

}  // namespace jobpool::client
