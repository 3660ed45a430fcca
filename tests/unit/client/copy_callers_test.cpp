// The callers of a copy, where threads are not to be had.
#include "client/cli/copy/callers.hpp"

#include <atomic>

#include "tests/support/catch.hpp"
#include "tests/support/no_more_threads.hpp"

using namespace jobpool;
using namespace jobpool::cli;

// A host that refused a thread ended `jobpool copy` by an exception that nobody caught.
TEST_CASE("callers that are refused their threads stop the copy and none of them is waited for") {
  client::Connections connections({"/nowhere"});
  const CopyPlaces places;
  JobSource source;
  FinishedQueue finished(3);
  std::atomic<std::uint64_t> bytes = 0;
  const testing::NoMoreThreads refused;
  const CopyCallers callers({connections, places, {}, "default", source, finished, bytes}, 3);
  REQUIRE(source.is_stopped());
  CHECK(source.why_stopped()->text.starts_with("start a thread: "));
  CHECK(finished.has_ended());
}
