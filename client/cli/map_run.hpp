// The calls of a map: so many at once, each an Apply of its own in a thread that waits for it, and their ends in the order wanted.
// A thread's call outlives the broker as any Apply does; the end of this process cancels what is under way.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "client/cli/item_source.hpp"
#include "client/cli/replacement.hpp"
#include "client/lib/connections.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

enum class Order { of_items, as_they_come };

class MapRun {
 public:
  struct End {
    Item item;
    Result<proto::Ending> ending;
  };
  // `make` gives the submission of an item; it is called by several threads.
  using Make = std::function<Result<proto::Submission>(const Item&)>;

  // `slots`: calls at once. `buffer`: how many items may be read beyond the first whose end was not taken.
  MapRun(client::Connections& connections, ItemSource source, Make make, Order order, std::size_t slots, std::size_t buffer);
  // Reads nothing more; waits for the calls that are under way, and for a read that is.
  ~MapRun();

  // The next end; nullopt: that was all. Errors: those of the source, once what was read before has ended.
  Result<std::optional<End>> next();

 private:
  void serve(std::size_t slot);
  std::optional<Item> take_item(std::size_t slot);
  Result<proto::Ending> run(const Item& item);

  client::Connections& connections_;  // must outlive this
  const Make make_;
  const Order order_;
  const std::size_t buffer_;

  // Taken before mutex_ where both are: reading may take as long as whoever writes our stdin does, and ends are told meanwhile.
  std::mutex source_mutex_;
  ItemSource source_;
  std::mutex mutex_;  // of all below
  std::condition_variable room_, ended_;
  std::optional<Error> source_error_;
  bool exhausted_ = false;
  std::size_t read_ = 0, taken_ = 0;  // items
  std::size_t first_missing_ = 1;     // the number of the item whose end is next, in order
  std::map<std::size_t, End> ends_;   // by item's number, of those not taken
  std::vector<std::thread> threads_;
};

}  // namespace jobpool::cli
