// What is as large as a message may be is sent, and nothing larger. Not among the library's other tests, which run with ThreadSanitizer:
// there each byte of these messages costs a thousand times what it is worth.
#include <stdexcept>

#include "client/lib/recovering_call.hpp"
#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::client;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

// Calls a.b.Take with `arguments` as its text, which is escaped as it is sent.
Message call_with(std::string_view arguments) {
  Message message{proto::write_call("a.b.Take", R"({"text":""})"), arguments};
  message.arguments_at = message.text.find(R"("}})");
  return message;
}

void refuses_to_hear(FakeServer& server) {
  if (server.accept().hears_more()) throw std::runtime_error("it was sent");
}

Connection connected(const FakeServer& server) {
  Result<Connection> connection = Connection::open(server.path(), kNever);
  REQUIRE(connection);
  return std::move(*connection);
}

}  // namespace

TEST_CASE("a message that is longer than the daemon reads is not sent to its end") {
  // The bug: the daemon closed the connection, which the caller took for its death.
  const std::string quotes(proto::kMaxMessageBytes / 2, '"'), plain(proto::kMaxMessageBytes, 'x');
  const bool is_escaped = GENERATE(false, true);
  FakeServer server([](FakeServer& self) { self.accept().wait_for_end(); });
  Result<void> sent;
  {
    Connection connection = connected(server);
    sent = connection.send(call_with(is_escaped ? quotes : plain), {}, Clock::now() + 60s);
  }
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::invalid_argument);
  server.finish();
}

TEST_CASE("the longest message that the daemon reads is sent to its end") {
  const std::size_t room = proto::kMaxMessageBytes - (call_with("").text.size() - 1);
  const std::string quotes(room / 2, '"'), plain(room, 'x');
  const bool is_escaped = GENERATE(false, true);
  FakeServer server([](FakeServer& self) { self.accept().hear("a.b.Take"); });
  Connection connection = connected(server);
  CHECK(connection.send(call_with(is_escaped ? quotes : plain), {}, Clock::now() + 60s));
  server.finish();
}

TEST_CASE("a call that is larger than a message may be is an invalid one and not even sent once") {
  // The bug: the daemon closed the connection at each of 257 attempts, and the call ended as if there were no daemon.
  FakeServer server(refuses_to_hear);
  Connections connections({server.path()});
  const std::size_t around = proto::write_call("org.jobpool.Queue.Put", R"({"name":""})").size() - 1;
  const std::string name(proto::kMaxMessageBytes + 1 - around, 'x');
  RecoveringCall call(connections, proto::write_call("org.jobpool.Queue.Put", "{\"name\":\"" + name + "\"}"), Resend::any_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::invalid_argument);
  server.finish();
}

TEST_CASE("put_all of more than a message may have is an invalid call and not sent") {
  // The bug: it was sent 257 times, each time until the daemon closed the connection, and was ConnectionLost.
  FakeServer server(refuses_to_hear);
  const Client client(server.path());
  const std::vector<std::string> items(10'000, std::string(3'000, 'x'));
  CHECK_THROWS_AS(client.queue("mail").put_all(items), InvalidCall);
  server.finish();
}
