// What a worker needs to run a job: the payload of an offer. The broker encodes it once at submission and carries it as opaque
// bytes; the worker decodes it. It survives the broker in the segment (and, for durable jobs, in the store), so its form has a version.
//
//   payload  = version:u8 kind:u8 body
//   function = name:bytes pool:bytes arguments:bytes
//   chunk    = the same, `arguments` being those of several calls: items of a map
//   command  = flags:u32 umask:u32 [nice:i32] [memory:u64] (each if a flag says so) grace_ms:u64 file_limit:u64 cwd:bytes stdin_file:bytes
//   pool:bytes argc:u32 argv:bytes* envc:u32 env:bytes* bytes    = length:u32 octets;  little-endian (the host's), every length checked
//   before use.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.hpp"

namespace jobpool {

// call: `arguments` is JSON text of an array, the arguments of one call. chunk: of an array of such arrays, for a call each.
enum class FunctionShape : std::uint8_t { call, chunk };

struct FunctionSpec {
  std::string name;  // without the @
  std::string pool;
  std::string arguments;
  FunctionShape shape = FunctionShape::call;
};

struct CommandSpec {
  // Which of the three streams come as passed descriptors (in this order, after the flag kHasDescriptors); the others are
  // stdin: `stdin_file`, or /dev/null when that is empty; stdout and stderr: the job's output files.
  bool passes_stdin = false;
  bool passes_stdout = false;
  bool passes_stderr = false;
  std::uint32_t umask = 022;
  std::optional<int> nice;                // -20 to 19; absent: as the worker
  std::uint64_t memory_bytes = 0;         // RLIMIT_DATA of each of its processes; 0: as the worker
  std::chrono::milliseconds grace{5000};  // between TERM and KILL
  std::uint64_t file_limit = 0;           // RLIMIT_FSIZE in bytes; 0 = as the daemon's
  std::string cwd;                        // empty: "/"
  std::string stdin_file;
  std::string pool;
  std::vector<std::string> argv;         // argv[0] is looked up in the job's PATH when it has no slash
  std::vector<std::string> environment;  // "K=V"; the worker adds the JOBPOOL_… names
};

using JobSpec = std::variant<FunctionSpec, CommandSpec>;

std::string encode_spec(const JobSpec& spec);
// The hot path's form of it: one allocation, no copies before it.
std::string encode_function(std::string_view name, std::string_view pool, std::string_view arguments,
                            FunctionShape shape = FunctionShape::call);
// The same in `room`, for many of them.
std::string_view encode_function(std::string_view name, std::string_view pool, std::string_view arguments, FunctionShape shape,
                                 std::string& room);
// Of that what stands before the arguments, which are so many bytes: they end it. How long that is; and written where there is room for
// it, up to what is returned.
std::size_t function_head_bytes(std::string_view name, std::string_view pool);
char* write_function_head(char* room, std::string_view name, std::string_view pool, std::size_t arguments, FunctionShape shape);

// Errors: protocol, naming what was off.
Result<JobSpec> decode_spec(std::string_view payload);

// A function's spec, read in place: valid as long as the payload is.
struct FunctionView {
  std::string_view name;
  std::string_view pool;
  std::string_view arguments;
  FunctionShape shape = FunctionShape::call;
};
// The worker's hot path: no copies. Errors: protocol, also for the payload of a command.
Result<FunctionView> decode_function(std::string_view payload);

}  // namespace jobpool
