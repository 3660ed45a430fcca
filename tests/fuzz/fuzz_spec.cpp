// Fuzzes the payload of a job, or of its pool's set-up, as a worker gets it: nothing crashes its readers, and what was read is written as
// the same bytes again (but for a grace time above the limit, which is cut).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/job/setup.hpp"
#include "common/job/spec.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  if (const auto setup = decode_setup(payload)) require(encode_setup(*setup) == payload, "a set-up is written otherwise than it was read");
  const auto view = decode_function(payload);
  const auto spec = decode_spec(payload);
  require(view || view.error().code == Errc::protocol, "another error than protocol");
  if (!spec) {
    require(spec.error().code == Errc::protocol && !view, "another error than protocol, or a view of what is no spec");
    return 0;
  }
  const std::string written = encode_spec(*spec);
  if (const auto* function = std::get_if<FunctionSpec>(&*spec)) {
    require(view && view->name == function->name && view->pool == function->pool && view->arguments == function->arguments &&
                view->shape == function->shape,
            "the view differs from the spec");
    require(written == payload, "a function is written otherwise than it was read");
    return 0;
  }
  require(!view, "a command is taken for a function");
  require(written.size() == payload.size(), "a command is written otherwise than it was read");
  // Behind version, kind, flags, umask, and what only some have. (The bug: this once forgot the latter, and took a cut grace for a fault.)
  const auto& command = std::get<CommandSpec>(*spec);
  const std::size_t grace_at =
      2 + 2 * sizeof(std::uint32_t) + (command.nice ? sizeof(std::int32_t) : 0) + (command.memory_bytes > 0 ? sizeof(std::uint64_t) : 0);
  const std::size_t behind_grace = grace_at + sizeof(std::uint64_t);
  require(written.substr(0, grace_at) == payload.substr(0, grace_at) && written.substr(behind_grace) == payload.substr(behind_grace),
          "a command is written otherwise than it was read");
  const auto again = decode_spec(written);
  require(again && encode_spec(*again) == written, "a command changes when it is read again");
  return 0;
}
