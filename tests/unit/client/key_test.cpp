// Idempotency keys.
#include "client/lib/key.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "common/call_key.hpp"
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;

TEST_CASE("a key is 128 bits of lower-case hexadecimal, within the protocol's limit") {
  const std::string key = client::make_key();
  CHECK(key.size() == 32);
  CHECK(key.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(key.size() <= proto::kMaxKeyBytes);
}

TEST_CASE("no two keys are the same") {
  std::set<std::string> keys;
  for (int i = 0; i < 10'000; ++i) keys.insert(client::make_key());
  CHECK(keys.size() == 10'000);
}

TEST_CASE("a process and its fork make different keys") {
  for (int i = 0; i < 2; ++i) client::make_key();  // there is a supply of them now
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string key = client::make_key();
    ::_exit(::write(ends[1], key.data(), key.size()) == static_cast<ssize_t>(key.size()) ? 0 : 1);
  }
  const std::string ours = client::make_key();
  std::string theirs(ours.size(), '-');
  CHECK(::read(ends[0], theirs.data(), theirs.size()) == static_cast<ssize_t>(theirs.size()));
  int status = -1;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(status == 0);
  CHECK(ours != theirs);
}

TEST_CASE("a daemon knows a key for one that was made for a call") { CHECK(is_call_key(client::make_key())); }
