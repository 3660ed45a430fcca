// Idempotency keys.
#include "client/lib/key.hpp"

#include <set>

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
