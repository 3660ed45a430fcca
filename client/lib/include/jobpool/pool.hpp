// A pool of workers by name: submit functions and commands, and wait for them or not. Cheap to copy; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobpool/async_result.hpp"
#include "jobpool/command.hpp"
#include "jobpool/export.hpp"
#include "jobpool/items.hpp"
#include "jobpool/map_result.hpp"
#include "jobpool/map_stream.hpp"
#include "jobpool/pool_options.hpp"
#include "jobpool/submit_options.hpp"
#include "jobpool/value.hpp"

namespace jobpool {

class JOBPOOL_EXPORT Pool {
 public:
  const std::string& name() const { return name_; }

  // The same pool, with these terms for whatever is submitted through it:
  // `pool.with({.priority = 5, .retries = 3}).apply_async("thumbnail", file)`.
  Pool with(SubmitOptions options) const;

  // Runs `function` and waits: `int n = pool.apply<int>("square", 7);`. The job ends with this process: nobody would fetch the result.
  // When the broker is restarted meanwhile, the call goes on; when the daemon is, it ends Interrupted and nothing is run twice.
  // Errors: JobFailed, JobCancelled, Interrupted, NoSuchPool, PoolNotRunning, QueueFull, StoreFull, KeyConflict, NoSuchDependency,
  // InvalidCall, ConnectionLost.
  template <class T = Json, class... Arguments>
  T apply(std::string_view function, const Arguments&... arguments) const {
    return json_value<T>(apply_text(function, json_array(arguments...)));
  }
  CommandResult apply(const Command& command) const;

  // Submits only. Errors: as apply, without those of the job itself.
  template <class... Arguments>
  AsyncResult apply_async(std::string_view function, const Arguments&... arguments) const {
    return apply_async_text(function, json_array(arguments...));
  }
  AsyncResult apply_async(const Command& command) const;

  // Runs `function` once for each item, several at a time, and waits: `auto squares = pool.map<long>("square", numbers);`. The results are
  // in the items' order. Errors: ItemFailed names the first item that failed, after the others have ended; else as apply.
  template <class T = Json, std::ranges::forward_range Range>
  std::vector<T> map(std::string_view function, const Range& items, MapOptions options = {}) const {
    return map_all<T>(function, items_of<Items::arguments>(items), count_of(items), options);
  }
  // The same where each item is all arguments of its call: `pool.starmap<long>("add", std::vector{std::pair{1, 2}, std::pair{3, 4}})`.
  template <class T = Json, std::ranges::forward_range Range>
  std::vector<T> starmap(std::string_view function, const Range& items, MapOptions options = {}) const {
    return map_all<T>(function, items_of<Items::argument_lists>(items), count_of(items), options);
  }

  // The same as a stream, in the items' order, or as they come. Items are read as they are needed, by another thread; a failed one is told
  // in its turn, and the stream goes on behind it. What the reading of an item throws comes out of next(), and ends the stream.
  template <class T = Json, std::ranges::input_range Range>
  MapStream<T> imap(std::string_view function, Range items, MapOptions options = {}) const {
    return MapStream<T>{imap_texts(function, items_kept<Items::arguments>(std::move(items)), options, Results::in_order)};
  }
  template <class T = Json, std::ranges::input_range Range>
  MapStream<T> imap_unordered(std::string_view function, Range items, MapOptions options = {}) const {
    return MapStream<T>{imap_texts(function, items_kept<Items::arguments>(std::move(items)), options, Results::as_they_come)};
  }

  // Submits the whole map only, as one durable batch of at most 10,000 chunks. Errors: as apply_async; InvalidCall: it is too large (24
  // MiB).
  template <std::ranges::forward_range Range>
  MapResult map_async(std::string_view function, const Range& items, MapOptions options = {}) const {
    return map_async_texts(function, items_of<Items::arguments>(items), count_of(items), options);
  }
  template <std::ranges::forward_range Range>
  MapResult starmap_async(std::string_view function, const Range& items, MapOptions options = {}) const {
    return map_async_texts(function, items_of<Items::argument_lists>(items), count_of(items), options);
  }

  // The same with the arguments as JSON text of an array, and the result as JSON text.
  std::string apply_text(std::string_view function, std::string arguments) const;
  AsyncResult apply_async_text(std::string_view function, std::string arguments) const;
  enum class Results { in_order, as_they_come };
  MapTexts imap_texts(std::string_view function, NextItem next, MapOptions options, Results results) const;
  // `count`: of the items. `take` gets the results in order, unless an item has failed.
  void map_texts(std::string_view function, NextItem next, std::size_t count, MapOptions options,
                 const std::function<void(std::string_view)>& take) const;
  MapResult map_async_texts(std::string_view function, const NextItem& next, std::size_t count, MapOptions options) const;

  // No more jobs; those that are there are done, then the workers leave. Errors of this and all below: NoSuchPool, ConnectionLost.
  void close() const;
  // Stops everything, jobs that run get TERM and, after their grace (or this one, where it is less), KILL; every waiter is told.
  void terminate(std::optional<std::chrono::microseconds> grace = {}) const;
  // Waits until all workers have left. False: not in time. Errors: PoolStillRunning, when it is neither closed nor terminated.
  bool join(std::optional<std::chrono::microseconds> timeout = {}) const;
  // Other than `workers` from now on; 0 drains it. Errors: InvalidCall.
  void resize(unsigned workers) const;
  // Nothing starts any more; what runs goes on.
  void pause() const;
  // Ends a pause, and reopens a pool that was closed or terminated.
  void resume() const;
  // With its workers.
  PoolInfo show() const;

 private:
  friend class Client;
  Pool(std::shared_ptr<client::Connections> connections, std::string name) : connections_(std::move(connections)), name_(std::move(name)) {}

  template <class Range>
  static std::size_t count_of(const Range& items) {
    return static_cast<std::size_t>(std::ranges::distance(items));
  }
  template <class T>
  std::vector<T> map_all(std::string_view function, const NextItem& next, std::size_t count, MapOptions options) const {
    std::vector<T> results;
    results.reserve(count);
    map_texts(function, next, count, options, [&results](std::string_view text) { results.push_back(json_value<T>(text)); });
    return results;
  }

  std::shared_ptr<client::Connections> connections_;
  std::string name_;
  SubmitOptions options_;
};

}  // namespace jobpool
