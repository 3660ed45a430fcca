// The codec of job specs; the form is in the header. Broker (encodes, its one thread) and worker (decodes, any of its threads).
#include "common/job/spec.hpp"

#include <algorithm>

#include "common/job/packing.hpp"

namespace jobpool {
namespace {

constexpr std::uint8_t kSpecVersion = 1;
constexpr std::uint8_t kFunction = 1;
constexpr std::uint8_t kCommand = 2;
constexpr std::uint8_t kChunk = 3;

constexpr std::uint32_t kPassesStdin = 1;
constexpr std::uint32_t kPassesStdout = 2;
constexpr std::uint32_t kPassesStderr = 4;
constexpr std::uint32_t kHasNice = 8;
constexpr std::uint32_t kHasMemory = 16;
constexpr std::uint32_t kAllFlags = kPassesStdin | kPassesStdout | kPassesStderr | kHasNice | kHasMemory;

constexpr std::uint64_t kMaxGraceMs = std::uint64_t{366} * 24 * 3600 * 1000;  // a year: keeps every sum of times far from overflow

using StringWriter = packing::Writer<std::string>;

Error bad_spec(std::string_view what) { return Error{Errc::protocol, "job spec: " + std::string(what)}; }

std::uint32_t flags_of(const CommandSpec& spec) {
  return (spec.passes_stdin ? kPassesStdin : 0) | (spec.passes_stdout ? kPassesStdout : 0) | (spec.passes_stderr ? kPassesStderr : 0) |
         (spec.nice ? kHasNice : 0) | (spec.memory_bytes > 0 ? kHasMemory : 0);
}

void write_list(StringWriter& writer, const std::vector<std::string>& list) {
  writer.number(static_cast<std::uint32_t>(list.size()));
  for (const std::string& item : list) writer.bytes(item);
}

std::string encode_command(const CommandSpec& spec) {
  std::string out;
  StringWriter writer(out);
  writer.number(kSpecVersion);
  writer.number(kCommand);
  writer.number(flags_of(spec));
  writer.number(spec.umask);
  if (spec.nice) writer.number(static_cast<std::int32_t>(*spec.nice));
  if (spec.memory_bytes > 0) writer.number(spec.memory_bytes);
  writer.number(static_cast<std::uint64_t>(std::max<std::int64_t>(0, spec.grace.count())));
  writer.number(spec.file_limit);
  writer.bytes(spec.cwd);
  writer.bytes(spec.stdin_file);
  writer.bytes(spec.pool);
  write_list(writer, spec.argv);
  write_list(writer, spec.environment);
  return out;
}

// execve knows C strings only: a zero byte inside would silently cut the word, so such a spec is refused whole.
bool is_c_string(std::string_view text) { return text.find('\0') == std::string_view::npos; }

bool read_list(packing::Reader& reader, std::vector<std::string>& list) {
  const auto count = reader.number<std::uint32_t>();
  // Each item has a length of four bytes: a count beyond what is left is a lie, found before anything is reserved for it.
  if (!reader.ok() || count > reader.left() / sizeof(std::uint32_t)) return false;
  list.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) list.emplace_back(reader.bytes());
  return reader.ok() && std::all_of(list.begin(), list.end(), is_c_string);
}

Result<JobSpec> decode_command(packing::Reader& reader) {
  CommandSpec spec;
  const auto flags = reader.number<std::uint32_t>();
  spec.passes_stdin = (flags & kPassesStdin) != 0;
  spec.passes_stdout = (flags & kPassesStdout) != 0;
  spec.passes_stderr = (flags & kPassesStderr) != 0;
  spec.umask = reader.number<std::uint32_t>();
  if ((flags & kHasNice) != 0) spec.nice = reader.number<std::int32_t>();
  if ((flags & kHasMemory) != 0) spec.memory_bytes = reader.number<std::uint64_t>();
  const auto grace_ms = reader.number<std::uint64_t>();
  spec.grace = std::chrono::milliseconds(std::min(grace_ms, kMaxGraceMs));
  spec.file_limit = reader.number<std::uint64_t>();
  spec.cwd = reader.bytes();
  spec.stdin_file = reader.bytes();
  spec.pool = reader.bytes();
  if (!reader.ok()) return bad_spec("cut short");
  if ((flags & ~kAllFlags) != 0) return bad_spec("unknown flags");
  if (spec.umask > 0777) return bad_spec("umask above 0777");
  if (spec.nice && (*spec.nice < -20 || *spec.nice > 19)) return bad_spec("nice beyond -20 to 19");
  if ((flags & kHasMemory) != 0 && spec.memory_bytes == 0) return bad_spec("a bound of no memory");  // said by its absence
  if (!read_list(reader, spec.argv) || spec.argv.empty()) return bad_spec("the argument list is off");
  if (!read_list(reader, spec.environment)) return bad_spec("the environment is off");
  if (!reader.finished()) return bad_spec("bytes after its end");
  if (!is_c_string(spec.cwd) || !is_c_string(spec.stdin_file) || !is_c_string(spec.pool)) return bad_spec("a zero byte in a path or name");
  return JobSpec(std::move(spec));
}

Result<FunctionView> decode_function_body(packing::Reader& reader, std::uint8_t kind) {
  FunctionView view;
  view.shape = kind == kChunk ? FunctionShape::chunk : FunctionShape::call;
  view.name = reader.bytes();
  view.pool = reader.bytes();
  view.arguments = reader.bytes();
  if (!reader.finished()) return bad_spec(reader.ok() ? "bytes after its end" : "cut short");
  return view;
}

// Reads version and kind. 0: another version or too short.
std::uint8_t read_kind(packing::Reader& reader) {
  const auto version = reader.number<std::uint8_t>();
  const auto kind = reader.number<std::uint8_t>();
  return reader.ok() && version == kSpecVersion ? kind : 0;
}

}  // namespace

std::string encode_spec(const JobSpec& spec) {
  if (const auto* command = std::get_if<CommandSpec>(&spec)) return encode_command(*command);
  const auto& function = std::get<FunctionSpec>(spec);
  return encode_function(function.name, function.pool, function.arguments, function.shape);
}

std::string encode_function(std::string_view name, std::string_view pool, std::string_view arguments, FunctionShape shape) {
  std::string out;
  encode_function(name, pool, arguments, shape, out);
  return out;
}

std::string_view encode_function(std::string_view name, std::string_view pool, std::string_view arguments, FunctionShape shape,
                                 std::string& room) {
  const std::size_t head = function_head_bytes(name, pool);
  room.clear();
  room.reserve(head + arguments.size());
  room.resize(head);
  write_function_head(room.data(), name, pool, arguments.size(), shape);
  room += arguments;
  return room;
}

std::size_t function_head_bytes(std::string_view name, std::string_view pool) {
  return 2 * sizeof(std::uint8_t) + 3 * sizeof(std::uint32_t) + name.size() + pool.size();
}

char* write_function_head(char* room, std::string_view name, std::string_view pool, std::size_t arguments, FunctionShape shape) {
  packing::Writer<char*> writer(room);
  writer.number(kSpecVersion);
  writer.number(shape == FunctionShape::chunk ? kChunk : kFunction);
  writer.bytes(name);
  writer.bytes(pool);
  writer.number(static_cast<std::uint32_t>(arguments));
  return room;
}

Result<FunctionView> decode_function(std::string_view payload) {
  packing::Reader reader(payload);
  const std::uint8_t kind = read_kind(reader);
  if (kind != kFunction && kind != kChunk) return bad_spec("not a function of this version");
  return decode_function_body(reader, kind);
}

Result<JobSpec> decode_spec(std::string_view payload) {
  packing::Reader reader(payload);
  const std::uint8_t kind = read_kind(reader);
  if (kind == kCommand) return decode_command(reader);
  if (kind != kFunction && kind != kChunk) return bad_spec("unknown kind or version");
  const Result<FunctionView> view = decode_function_body(reader, kind);
  if (!view) return view.error();
  return JobSpec(FunctionSpec{std::string(view->name), std::string(view->pool), std::string(view->arguments), view->shape});
}

}  // namespace jobpool
