// The codec of job specs: what goes in comes out, and nothing that is off gets through.
#include "common/job/spec.hpp"

#include <random>

#include "tests/support/catch.hpp"

namespace jobpool {
namespace {

CommandSpec full_command() {
  CommandSpec spec;
  spec.passes_stdin = true;
  spec.passes_stderr = true;
  spec.umask = 077;
  spec.nice = -7;
  spec.memory_bytes = std::uint64_t{5} << 30;
  spec.grace = std::chrono::milliseconds(1234);
  spec.file_limit = std::uint64_t{1} << 40;
  spec.cwd = "/tmp/ä b";
  spec.stdin_file = "/dev/zero";
  spec.pool = "default";
  spec.argv = {"sh", "-c", "", "exit 3"};
  spec.environment = {"PATH=/bin", "EMPTY="};
  return spec;
}

TEST_CASE("a command comes out of the codec as it went in") {
  const CommandSpec spec = full_command();
  const Result<JobSpec> decoded = decode_spec(encode_spec(spec));
  REQUIRE(decoded);
  const auto& command = std::get<CommandSpec>(*decoded);
  CHECK(command.passes_stdin);
  CHECK_FALSE(command.passes_stdout);
  CHECK(command.passes_stderr);
  CHECK(command.umask == spec.umask);
  CHECK(command.nice == -7);
  CHECK(command.memory_bytes == spec.memory_bytes);
  CHECK(command.grace == spec.grace);
  CHECK(command.file_limit == spec.file_limit);
  CHECK(command.cwd == spec.cwd);
  CHECK(command.stdin_file == spec.stdin_file);
  CHECK(command.pool == spec.pool);
  CHECK(command.argv == spec.argv);
  CHECK(command.environment == spec.environment);
}

// What a broker of an earlier version left in a segment.
TEST_CASE("a command without a nice value has the form it had before there were any") {
  CommandSpec spec;
  spec.pool = "p";
  spec.argv = {"a"};
  const std::string payload = encode_spec(spec);
  using namespace std::string_literals;
  CHECK(payload == "\1\2"s + "\0\0\0\0"s + "\22\0\0\0"s + "\210\23\0\0\0\0\0\0"s + std::string(8, '\0') + std::string(8, '\0') +
                       "\1\0\0\0p"s + "\1\0\0\0\1\0\0\0a"s + std::string(4, '\0'));
  const Result<JobSpec> decoded = decode_spec(payload);
  REQUIRE(decoded);
  CHECK_FALSE(std::get<CommandSpec>(*decoded).nice);
  CHECK(std::get<CommandSpec>(*decoded).memory_bytes == 0);
}

TEST_CASE("a nice value that no kernel takes is refused") {
  for (const int nice : {-20, 19, -21, 20}) {
    CommandSpec spec = full_command();
    spec.nice = nice;
    CHECK(static_cast<bool>(decode_spec(encode_spec(spec))) == (nice >= -20 && nice <= 19));
  }
}

// It was read as no bound, and so written otherwise than it was read: found by fuzzing.
TEST_CASE("a bound of no memory is refused") {
  CommandSpec spec;
  spec.argv = {"true"};
  spec.memory_bytes = 1;
  std::string payload = encode_spec(spec);
  constexpr std::size_t kBehindUmask = 2 + 2 * sizeof(std::uint32_t);
  REQUIRE(payload[kBehindUmask] == 1);
  REQUIRE(decode_spec(payload));
  payload[kBehindUmask] = 0;
  const Result<JobSpec> decoded = decode_spec(payload);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Errc::protocol);
  CHECK(decoded.error().text == "job spec: a bound of no memory");
}

TEST_CASE("a function comes out of the codec as it went in, copied or in place") {
  const std::string payload = encode_spec(FunctionSpec{"square", "default", "[7]"});
  CHECK(payload == encode_function("square", "default", "[7]"));
  const Result<JobSpec> decoded = decode_spec(payload);
  REQUIRE(decoded);
  CHECK(std::get<FunctionSpec>(*decoded).name == "square");
  CHECK(std::get<FunctionSpec>(*decoded).pool == "default");
  CHECK(std::get<FunctionSpec>(*decoded).arguments == "[7]");
  const Result<FunctionView> view = decode_function(payload);
  REQUIRE(view);
  CHECK(view->arguments == "[7]");
  CHECK_FALSE(decode_function(encode_spec(full_command())));
}

TEST_CASE("a chunk of a map comes out of the codec as one, and a single call never does") {
  const std::string payload = encode_spec(FunctionSpec{"square", "default", "[[7],[8]]", FunctionShape::chunk});
  CHECK(payload == encode_function("square", "default", "[[7],[8]]", FunctionShape::chunk));
  const Result<JobSpec> decoded = decode_spec(payload);
  REQUIRE(decoded);
  CHECK(std::get<FunctionSpec>(*decoded).shape == FunctionShape::chunk);
  const Result<FunctionView> view = decode_function(payload);
  REQUIRE(view);
  CHECK(view->shape == FunctionShape::chunk);
  CHECK(view->arguments == "[[7],[8]]");
  CHECK(decode_function(encode_function("square", "default", "[[7],[8]]"))->shape == FunctionShape::call);
}

TEST_CASE("a spec that is cut short anywhere is refused, and so is one byte too many") {
  for (const JobSpec& spec : {JobSpec(full_command()), JobSpec(FunctionSpec{"f", "p", "[]"})}) {
    const std::string payload = encode_spec(spec);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      INFO("cut at " << size);
      const Result<JobSpec> decoded = decode_spec(payload.substr(0, size));
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().code == Errc::protocol);
    }
    CHECK_FALSE(decode_spec(payload + '\0'));
  }
}

TEST_CASE("a spec of another version or kind is refused") {
  std::string payload = encode_spec(full_command());
  payload[0] = 2;
  CHECK_FALSE(decode_spec(payload));
  payload[0] = 1;
  payload[1] = 9;
  CHECK_FALSE(decode_spec(payload));
}

TEST_CASE("a command without words, with a zero byte in a word or with an umask beyond 0777 is refused") {
  CommandSpec spec = full_command();
  spec.argv.clear();
  CHECK_FALSE(decode_spec(encode_spec(spec)));
  spec = full_command();
  spec.argv[1] = std::string("a\0b", 3);
  CHECK_FALSE(decode_spec(encode_spec(spec)));
  spec = full_command();
  spec.environment[0] = std::string("A=\0", 3);
  CHECK_FALSE(decode_spec(encode_spec(spec)));
  spec = full_command();
  spec.cwd = std::string("/\0", 2);
  CHECK_FALSE(decode_spec(encode_spec(spec)));
  spec = full_command();
  spec.umask = 01000;
  CHECK_FALSE(decode_spec(encode_spec(spec)));
}

TEST_CASE("whatever single byte is changed, decoding a command neither crashes nor reads beyond its end") {
  const std::string payload = encode_spec(full_command());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string changed = payload;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      if (!decode_spec(changed)) ++refused;
    }
  }
  CHECK(refused > payload.size() / 2);  // most bytes are lengths, counts or flags here
}

TEST_CASE("random bytes behind a valid beginning are refused without large allocations") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string payload("\x01\x02", 2);
    for (std::size_t i = random() % 200; i > 0; --i) payload.push_back(static_cast<char>(random()));
    CHECK_FALSE(decode_spec(payload));
  }
}

}  // namespace
}  // namespace jobpool
