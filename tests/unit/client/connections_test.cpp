// The idle list and the search for a daemon.
#include "client/lib/connections.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::client;
using namespace jobpool::testing;

TEST_CASE("a connection that was given back is taken again") {
  FakeServer server([](FakeServer& self) { self.accept().wait_for_end(); });
  {
    Connections connections({server.path()});
    Result<Connection> first = connections.take(kNever);
    REQUIRE(first);
    const int fd = first->fd();
    connections.give_back(std::move(*first));
    const Result<Connection> second = connections.take(kNever);
    REQUIRE(second);
    CHECK(second->fd() == fd);
  }
  server.finish();
}

TEST_CASE("the first place that accepts is the daemon, and stays it") {
  FakeServer server([](FakeServer& self) {
    self.accept();
    self.accept();
  });
  Connections connections({"/tmp/no/such/jobpool", server.path()});
  CHECK(connections.open_new(kNever));
  CHECK(connections.path() == server.path());
  CHECK(connections.open_new(kNever));
  server.finish();
}

TEST_CASE("when nobody listens, the error names the places and the remedy") {
  Connections connections({"/tmp/no/such/a", "/tmp/no/such/b"});
  const Result<Connection> none = connections.take(kNever);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::closed);
  CHECK(none.error().text.find("/tmp/no/such/a or /tmp/no/such/b") != std::string::npos);
  CHECK(none.error().text.find("jobpoold") != std::string::npos);
}
