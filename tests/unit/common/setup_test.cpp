// The set-up of a worker: what the broker encodes the worker reads, and nothing else.
#include "common/job/setup.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;

namespace {

const WorkerSetup kFull{std::uint64_t{512} << 20, "load_model", "images", "[\"small\"]"};

}  // namespace

TEST_CASE("a set-up comes back as it was encoded") {
  const auto full = decode_setup(encode_setup(kFull));
  REQUIRE(full);
  CHECK(full->memory_bytes == kFull.memory_bytes);
  CHECK(full->function == kFull.function);
  CHECK(full->pool == kFull.pool);
  CHECK(full->arguments == kFull.arguments);
  const auto plain = decode_setup(encode_setup(WorkerSetup{}));
  REQUIRE(plain);
  CHECK(plain->function.empty());
  CHECK(plain->arguments == "[]");
}

TEST_CASE("a set-up that is cut short, too long or of another version is refused") {
  const std::string whole = encode_setup(kFull);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(decode_setup(std::string_view{whole}.substr(0, size)));
  CHECK_FALSE(decode_setup(whole + "x"));
  std::string other = whole;
  other[0] = 2;
  CHECK_FALSE(decode_setup(other));
  std::string lying = whole;
  lying[9] = static_cast<char>(0xff);  // the first length
  CHECK_FALSE(decode_setup(lying));
}
