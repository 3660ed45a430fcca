// The codec of a worker's set-up; the form is in the header. Broker (encodes) and worker (decodes, before it has other threads).
#include "common/job/setup.hpp"

#include "common/job/packing.hpp"

namespace jobpool {
namespace {

constexpr std::uint8_t kSetupVersion = 1;

}  // namespace

std::string encode_setup(const WorkerSetup& setup) {
  std::string out;
  packing::Writer<std::string> writer(out);
  writer.number(kSetupVersion);
  writer.number(setup.memory_bytes);
  writer.bytes(setup.function);
  writer.bytes(setup.pool);
  writer.bytes(setup.arguments);
  return out;
}

Result<WorkerSetup> decode_setup(std::string_view payload) {
  packing::Reader reader(payload);
  const auto version = reader.number<std::uint8_t>();
  if (!reader.ok() || version != kSetupVersion) return Error{Errc::protocol, "worker set-up: not of this version"};
  WorkerSetup setup;
  setup.memory_bytes = reader.number<std::uint64_t>();
  setup.function = reader.bytes();
  setup.pool = reader.bytes();
  setup.arguments = reader.bytes();
  if (!reader.finished()) return Error{Errc::protocol, reader.ok() ? "worker set-up: bytes after its end" : "worker set-up: cut short"};
  return setup;
}

}  // namespace jobpool
