// The work of `jobpool map`: items gathered into what one job does (a command line, or a chunk of a function's items), and that job run to
// its end. Read by one thread at a time, performed by several.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/held_output.hpp"
#include "client/cli/item_source.hpp"
#include "client/cli/job_log.hpp"
#include "client/cli/map_end.hpp"
#include "client/cli/replacement.hpp"
#include "client/lib/chunk_call.hpp"
#include "client/lib/connections.hpp"

namespace jobpool::cli {

// Of a command one item, which may be several of the source's on one command line; of a function those of a chunk.
struct MapTask {
  std::vector<Item> items;
};

struct MapTaskEnd {
  // Where an item's end is: in `ends` at `index`; nowhere: it never became a job, `refusals[index]` says why.
  struct Place {
    std::optional<std::size_t> end;
    std::size_t index = 0;
  };
  std::vector<Place> places;  // of each item
  std::vector<client::ChunkEnd> ends;
  std::vector<Error> refusals;
  bool is_function = true;
  std::optional<Error> lost;  // the daemon is gone, or refuses everything: nothing more can be said of these items
  bool is_whole = false;      // of a function: all of them had ended; if lost, when some were tried again
  // Of a command, where outputs are held: stdout, stderr; and why one is no more than its beginning, if so.
  std::array<HeldOutput, 2> outputs;
  std::optional<Error> unread;
  std::size_t counted = 0;  // how many of the items count: not those behind the one that the map halts at, now
  std::int64_t started_usec = 0, ended_usec = 0;
};

struct MapTerms {
  proto::Submission job;             // the function, or the command with its places still empty
  std::optional<std::size_t> chunk;  // items to a job; absent: of a function as many as take about kUsualChunkTime, of a command 1
  std::size_t most_in_chunk = 4'096;
};

// What lines of files may have, and words of commands not. Errors: invalid_argument.
Result<void> check_command(const std::vector<std::string>& words);

// The items of one command line, as one, without number and slot; nullopt: there are no more. Errors: of the source.
Result<std::optional<Item>> next_line(ItemSource& source, std::size_t items);

class MapWork {
 public:
  // `words`: the command, or what goes before a function's items. `log`: whose items are passed over; may be null. `stop`: see
  // client::apply. `outputs`: where those of commands wait for their turn; null: they stay in their endings, cut as the daemon does.
  MapWork(client::Connections* connections, ItemSource source, Template words, MapTerms terms, const JobLog* log, int stop,
          OutputHolder* outputs = nullptr);

  bool is_function() const { return job_.function.has_value(); }
  // nullopt: that was all. Errors: of the source; of JobLog::has. What was read before one comes before it.
  Result<std::optional<MapTask>> read(std::size_t slot);
  MapTaskEnd perform(const MapTask& task);

  // The words of what would run.
  std::vector<std::string> command_of(const Item& item) const;
  // The same for the job log: without the slot, which is another one when the map is resumed.
  std::vector<std::string> logged_command_of(const Item& item) const;
  // How many were passed over so far.
  std::size_t skipped() const { return skipped_; }

 private:
  Result<std::optional<Item>> read_item(std::size_t slot);
  Result<std::optional<Item>> read_line(std::size_t slot);
  std::size_t room_in_chunk() const { return chunk_.value_or(adapted_.load(std::memory_order_relaxed)); }
  // Items of a chunk that are tried together, and what is to be tried again of them.
  struct Round {
    std::vector<std::size_t> which;
    int attempt = 0;
    bool is_alone = false;  // each of them in a job of its own, since one of them took the others along
  };
  enum class BackOff { wait, waited };
  void run_command(const MapTask& task, MapTaskEnd& end) const;
  void hold_outputs(proto::Ending& ending, MapTaskEnd& end) const;
  void run_items(const MapTask& task, MapTaskEnd& end) const;
  Round run_round(const MapTask& task, const Round& round, MapTaskEnd& end) const;
  void run_chunk(const MapTask& task, const std::vector<std::size_t>& which, int attempt, BackOff back_off, Round& again,
                 MapTaskEnd& end) const;
  std::vector<std::size_t> append_items(const MapTask& task, const std::vector<std::size_t>& which, std::string& items,
                                        MapTaskEnd& end) const;
  void adapt(std::size_t items, Microseconds took);

  client::Connections* const connections_;  // must outlive this; null: only for read()
  ItemSource source_;
  const Template words_;
  proto::Submission job_;
  const int retries_;  // of a function's items
  const std::optional<std::size_t> chunk_;
  const std::size_t most_in_chunk_;
  const JobLog* const log_;
  const int stop_;
  OutputHolder* const outputs_;

  std::size_t numbers_ = 0;       // given out
  std::optional<Error> failure_;  // of the source, for the next read()
  std::atomic<std::size_t> skipped_{0};
  std::atomic<std::size_t> adapted_{1};  // the size of a chunk where nobody gave one
};

}  // namespace jobpool::cli
