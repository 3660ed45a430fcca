// logs -f against a daemon that does what each test says.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

TEST_CASE("logs -f shows the last attempt where no more may listen to events") {
  FakeServer server([](FakeServer& self) {
    const auto file = [&self](const std::string& text) {
      std::ofstream(self.file(text)) << text << "\n";
      return UniqueFd(::open(self.file(text).c_str(), O_RDONLY | O_CLOEXEC));
    };
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Job.Logs");
    peer.say_with(R"({"descriptor":0,"running":true})", file("first").get());
    peer.hear("org.jobpool.Pool.Events");
    peer.fail("org.jobpool.Pool.TooManyListeners", R"({"limit":64})");
    peer.hear("org.jobpool.Job.Wait");
    peer.say("{}");
    peer.hear("org.jobpool.Job.Logs");
    peer.say_with(R"({"descriptor":0,"running":false})", file("last").get());
  });
  const Finished finished = jobpool_at(server.path(), {"logs", "-f", "7"});
  server.finish();
  CHECK(finished.out == "first\nlast\n");
  CHECK(finished.err.empty());
  CHECK(finished.exit_code == 0);
}
