// A submission: what to run, and how. (When and how often: terms.cpp.)
#include <algorithm>

#include "proto/as_written.hpp"
#include "proto/chunk.hpp"
#include "proto/fields.hpp"
#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/json_writer.hpp"
#include "proto/large_call.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr std::size_t kMaxPathBytes = 4095;  // PATH_MAX without its NUL
constexpr std::size_t kMaxWords = 100'000;   // of a command or an environment; the kernel takes fewer bytes than that for most of them
constexpr std::size_t kUsualBytes = 256;     // of one that is written, but for its arguments
constexpr std::size_t kTwiceBytes = 4096;    // of one whose arguments may be read twice
constexpr std::int64_t kMaxUmask = 0777;
constexpr Microseconds kMaxGrace = std::chrono::hours(24);

// The default stays where the field is absent; present, it must not be empty.
void take_name(Fields& fields, std::string_view field, std::size_t max_bytes, std::string& name) {
  if (fields.text_into(field, name, max_bytes) && name.empty()) fields.reject(field);
}

void take_path(Fields& fields, std::string_view field, std::string& path) {
  std::optional<std::string> given = fields.bytes(field, kMaxPathBytes);
  if (!given) return;
  if (!given->starts_with('/') || given->find('\0') != given->npos) fields.reject(field);
  path = std::move(*given);
}

std::optional<int> take_index(Fields& fields, std::string_view field) {
  const std::optional<std::int64_t> index = fields.integer(field, 0, kMaxDescriptors - 1);
  return index ? std::optional(static_cast<int>(*index)) : std::nullopt;
}

bool has_nul(const std::string& word) { return word.find('\0') != word.npos; }

bool is_assignment(const std::string& word) {
  const std::size_t equals = word.find('=');
  return equals != word.npos && equals > 0 && !has_nul(word);
}

std::size_t total_bytes(const std::vector<std::string>& words) {
  std::size_t total = 0;
  for (const std::string& word : words) total += word.size() + 1;
  return total;
}

// False: they are not so large; nothing was read.
bool take_large_arguments(Fields& fields, Submission& job, ArgumentsRoom& room) {
  const std::optional<std::string_view> written = job.function ? fields.large_text("arguments", room.least()) : std::nullopt;
  if (!written) return false;
  char* const begin = room.make(job, written->size());
  LongRuns runs;
  const char* const end = unescape_to(begin, *written, runs, [&](std::string_view arguments) { room.on_more(arguments); });
  job.large_arguments = {begin, end == nullptr ? 0 : static_cast<std::size_t>(end - begin)};
  const bool may_be = !job.items && !job.large_arguments.empty() && job.large_arguments.size() <= kMaxPayloadBytes;
  if (!may_be || !is_json_array(job.large_arguments, &runs)) fields.reject("arguments");
  return true;
}

// `room`: null where there is none.
void take_function(Fields& fields, Submission& job, ArgumentsRoom* room) {
  job.function = fields.text("function", kMaxNameBytes);
  if (job.function && job.function->empty()) fields.reject("function");
  job.items = fields.text("items", kMaxPayloadBytes);
  if (job.items && (!job.function || !is_chunk(*job.items))) fields.reject("items");
  if (room != nullptr && take_large_arguments(fields, job, *room)) return;
  LongRuns runs;
  if (!fields.text_into("arguments", job.arguments, kMaxPayloadBytes, &runs)) return;
  if (!job.function || job.items || !is_json_array(job.arguments, &runs)) fields.reject("arguments");
}

void take_command(Fields& fields, Submission& job) {
  std::optional<std::vector<std::string>> command = fields.words("command", kMaxWords);
  if (!command) {
    if (!job.function) fields.reject("function");
    return;
  }
  const bool is_runnable = !command->empty() && !command->front().empty() && std::none_of(command->begin(), command->end(), has_nul);
  if (job.function || !is_runnable || total_bytes(*command) > kMaxPayloadBytes) fields.reject("command");
  job.command = std::move(*command);
}

void take_surroundings(Fields& fields, Submission& job) {
  take_path(fields, "cwd", job.cwd);
  job.environment = fields.words("environment", kMaxWords);
  if (job.environment) {
    const bool is_good = std::all_of(job.environment->begin(), job.environment->end(), is_assignment);
    if (!is_good || total_bytes(*job.environment) + total_bytes(job.command) > kMaxPayloadBytes) fields.reject("environment");
  }
  const auto all = static_cast<std::int64_t>(job.environment ? job.environment->size() : 0);
  job.inherited = static_cast<std::size_t>(fields.integer("inherited", 0, all).value_or(0));
  job.umask = static_cast<int>(fields.integer("umask", 0, kMaxUmask).value_or(job.umask));
  if (const auto nice = fields.integer("nice", kLowestNice, kHighestNice)) job.nice = static_cast<int>(*nice);
  job.memory_bytes = fields.integer("memoryBytes", kMinMemoryBytes, kMaxInteger);
  job.stdin_index = take_index(fields, "stdin");
  job.stdout_index = take_index(fields, "stdout");
  job.stderr_index = take_index(fields, "stderr");
  take_path(fields, "stdinFile", job.stdin_file);
  if (job.stdin_index && !job.stdin_file.empty()) fields.reject("stdinFile");
  job.grace = fields.duration("graceUSec", kMaxGrace).value_or(job.grace);
}

void write_command(ObjectWriter& object, const Submission& job) {
  const Submission defaults;
  object.words("command", job.command);
  if (job.cwd != defaults.cwd) object.bytes("cwd", job.cwd);
  if (job.environment) object.words("environment", *job.environment);
  if (job.inherited > 0) object.integer("inherited", static_cast<std::int64_t>(job.inherited));
  if (job.umask != defaults.umask) object.integer("umask", job.umask);
  object.integer_if("nice", job.nice);
  object.integer_if("memoryBytes", job.memory_bytes);
  object.integer_if("stdin", job.stdin_index);
  object.integer_if("stdout", job.stdout_index);
  object.integer_if("stderr", job.stderr_index);
  object.bytes_if("stdinFile", job.stdin_file);
}

void append_job(std::string& out, const Submission& job, function_ref<void(ObjectWriter& object)> write_call) {
  ObjectWriter object(out);
  if (job.function) {
    object.text("function", *job.function);
    write_call(object);
  } else {
    write_command(object, job);
  }
  if (job.grace != Submission{}.grace) object.integer("graceUSec", job.grace.count());
  object.text_if("name", job.name);
  if (job.pool != kDefaultPool) object.text("pool", job.pool);
  object.text_if("key", job.key);
  object.flag_if("detach", job.detach);
  write_terms(object, job);
  object.close();
}

// A whole call whose parameters are a submission and nothing else.
void write_call_around(std::string& out, std::string_view method, function_ref<void()> append_object) {
  ObjectWriter call(out);
  call.text("method", method);
  call.key("parameters") += "{\"job\":";
  append_object();
  out += '}';
  call.close();
  out += '\0';
}

bool take_named(AsWritten& text, std::string& name, std::size_t max_bytes) {
  return text.take_text(name) && !name.empty() && name.size() <= max_bytes;
}

// A function's call with the fields that most have. False: it has others, or one that is off; `job` is of no use then.
bool take_call(AsWritten& text, Submission& job) {
  if (!text.take("{\"function\":") || !take_named(text, job.function.emplace(), kMaxNameBytes)) return false;
  if (text.take(",\"arguments\":") && !(text.take_text(job.arguments) && is_json_array(job.arguments))) return false;
  if (text.take(",\"pool\":") && !take_named(text, job.pool, kMaxNameBytes)) return false;
  if (text.take(",\"key\":") && !take_named(text, job.key, kMaxKeyBytes)) return false;
  if (text.take(",\"durable\":") && !text.take_flag(job.durable.emplace())) return false;
  return text.take("}");
}

Result<Submission> read_job_to(JsonText object, ArgumentsRoom* room) {
  Fields fields(object, MessageKind::request, "job");
  Result<Submission> read(std::in_place);  // large: made where it is returned
  Submission& job = *read;
  take_name(fields, "pool", kMaxNameBytes, job.pool);
  take_function(fields, job, room);
  take_command(fields, job);
  take_name(fields, "name", kMaxNameBytes, job.name);
  take_name(fields, "key", kMaxKeyBytes, job.key);
  job.detach = fields.flag("detach").value_or(job.detach);
  job.durable = fields.flag("durable");
  if (fields.has_more()) {  // most say what is to run, and leave all of this as it is
    take_surroundings(fields, job);
    take_terms(fields, job);
  }
  if (const auto checked = fields.finish(); !checked) read = checked.error();
  return read;
}

}  // namespace

Result<Submission> read_submission(JsonText object) { return read_job_to(object, nullptr); }

Result<Submission> read_target(JsonText object) {
  Fields fields(object, MessageKind::request, "target");
  Submission job;
  take_function(fields, job, nullptr);
  take_command(fields, job);
  take_surroundings(fields, job);
  if (job.items) fields.reject("items");
  if (job.stdin_index) fields.reject("stdin");
  if (job.stdout_index) fields.reject("stdout");
  if (job.stderr_index) fields.reject("stderr");
  return finished(fields, std::move(job));
}

Result<Submission> read_submit(JsonText parameters) {
  if (parameters.text().size() <= kTwiceBytes) {
    Result<Submission> read(std::in_place);
    if (AsWritten text(parameters); text.take("{\"job\":") && take_call(text, *read) && text.take("}") && text.is_over()) return read;
  }
  const auto object = only_object(parameters, "job", MessageKind::request);
  if (!object) return object.error();
  return read_submission(*object);
}

Result<Submission> read_submit_to(JsonText parameters, ArgumentsRoom& room) {
  if (parameters.text().size() < room.least()) return read_submit(parameters);
  const auto object = only_object(parameters, "job", MessageKind::request);
  if (!object) return object.error();
  return read_job_to(*object, &room);
}

std::string write_submit(const Submission& job) {
  std::string out;
  out.reserve(kUsualBytes + job.arguments.size() + (job.items ? job.items->size() : 0));
  out += "{\"job\":";
  append_submission(out, job);
  out += '}';
  return out;
}

std::string write_submit_call(std::string_view method, const Submission& job) {
  std::string out;
  out.reserve(kUsualBytes + job.arguments.size() + (job.items ? job.items->size() : 0));
  write_call_around(out, method, [&] { append_submission(out, job); });
  return out;
}

SubmitAround write_submit_around(std::string_view method, const Submission& job) {
  SubmitAround around{};
  write_call_around(around.text, method, [&] {
    append_job(around.text, job, [&](ObjectWriter& object) {
      object.text("arguments", "");
      around.arguments_at = around.text.size() - 1;
    });
  });
  return around;
}

void append_submission(std::string& out, const Submission& job) {
  append_job(out, job, [&](ObjectWriter& object) {
    if (job.arguments != "[]") object.text("arguments", job.arguments);
    if (job.items) object.text("items", *job.items);
  });
}

}  // namespace jobpool::proto
