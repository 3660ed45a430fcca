// Runs the program beside the fake daemon's script.
#include "tests/unit/client/visit.hpp"

namespace jobpool::testing {

Finished jobpool_at(const std::string& socket, std::vector<std::string> words) {
  words.insert(words.begin(), JOBPOOL_PROGRAM);
  return run({.argv = std::move(words), .environment = {"JOBPOOL_SOCKET=" + socket, "JOBPOOL_NO_AUTOSTART=1"}});
}

Finished answered(std::string_view method, const std::string& answer, std::vector<std::string> words) {
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear(method);
    peer.say(answer);
  });
  Finished finished = jobpool_at(server.path(), std::move(words));
  server.finish();
  return finished;
}

Finished refused(std::string_view method, std::string_view error, std::string_view parameters, std::vector<std::string> words) {
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear(method);
    peer.fail(error, parameters);
  });
  Finished finished = jobpool_at(server.path(), std::move(words));
  server.finish();
  return finished;
}

}  // namespace jobpool::testing
