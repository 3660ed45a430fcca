// Which keys are taken for a library's own.
#include "common/call_key.hpp"

#include <string>

#include "tests/support/catch.hpp"

using jobpool::is_call_key;

TEST_CASE("a call's key is 32 digits as libraries make them, with a chunk's number or without") {
  const std::string key = "0123456789abcdef0123456789abcdef";
  CHECK(is_call_key(key));
  CHECK(is_call_key(key + "-0"));
  CHECK(is_call_key(key + "-9999"));
  for (const std::string& chosen : {std::string{}, std::string{"nightly"}, key.substr(1), key + "0", key + "-", key + "-a", key + "-1-2",
                                    key + "_1", "g" + key.substr(1), "A" + key.substr(1), "0123-" + key.substr(5)})
    CHECK_FALSE(is_call_key(chosen));
  // What stands beside the digits in ASCII, and what is none, at each place.
  for (const char other : {'/', ':', '@', 'A', 'F', '`', 'g', '-', '\0', '\x7f', '\xb0', '\xe1'})
    for (std::size_t place = 0; place < key.size(); ++place) {
      std::string chosen = key;
      chosen[place] = other;
      CHECK_FALSE(is_call_key(chosen));
      CHECK_FALSE(is_call_key(chosen + "-1"));
    }
}
