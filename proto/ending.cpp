// How a job ended: the reply of Apply and Get.
#include "proto/as_written.hpp"
#include "proto/fields.hpp"
#include "proto/json_string.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

bool has_output(const Output& output) { return !output.bytes.empty() || output.truncated; }

// That there is a result, and nothing else to say.
bool is_return(const Ending& ending) {
  return ending.outcome == Outcome::succeeded && !ending.exit_code && !ending.signal && ending.reason.empty() &&
         ending.error_type.empty() && ending.chunks.empty() && !ending.items && !has_output(ending.standard_output) &&
         !has_output(ending.standard_error) && !ending.resources;
}

}  // namespace

void append_return(std::string& out, JobId id, std::string_view result, PassOn pass_on) {
  append_between(out, "{\"id\":", number_of(id), ",\"outcome\":\"succeeded\",\"result\":\"");
  append_json_pieces(out, result, pass_on);
  out += "\"}";
}

bool take_return(AsWritten& text, Ending& ending) {
  std::int64_t id = 0;
  const bool is_taken = text.take("{\"id\":") && text.take_integer(id) && id >= 1 && text.take(",\"outcome\":\"succeeded\",\"result\":") &&
                        text.take_text(ending.result.emplace()) && text.take("}");
  if (!is_taken) return ending.result.reset(), false;
  ending.id = JobId{static_cast<std::uint64_t>(id)};
  ending.outcome = Outcome::succeeded;
  return true;
}

void append_ending(std::string& out, const Ending& ending, std::string_view large_result, PassOn pass_on) {
  const bool has_result = ending.result || !large_result.empty();
  if (has_result && is_return(ending)) return append_return(out, ending.id, ending.result ? *ending.result : large_result, pass_on);
  ObjectWriter object(out);
  object.integer("id", static_cast<std::int64_t>(ending.id.value));
  object.text("outcome", to_string(ending.outcome));
  object.integer_if("exitCode", ending.exit_code);
  object.integer_if("signal", ending.signal);
  object.text_if("reason", ending.reason);
  object.text_if("errorType", ending.error_type);
  if (has_result) object.text("result", ending.result ? *ending.result : large_result);
  write_ids_if(object, "chunks", ending.chunks);
  object.integer_if("items", ending.items);
  object.bytes_if("stdout", ending.standard_output.bytes);
  object.flag_if("stdoutTruncated", ending.standard_output.truncated);
  object.bytes_if("stderr", ending.standard_error.bytes);
  object.flag_if("stderrTruncated", ending.standard_error.truncated);
  write_resources(object, ending.resources);
  object.close();
}

void append_ending_parameters(std::string& out, const Ending& ending, std::string_view large_result, PassOn pass_on) {
  const std::size_t texts = ending.reason.size() + (ending.result ? ending.result->size() : large_result.size()) +
                            ending.standard_output.bytes.size() + ending.standard_error.bytes.size();
  out.reserve(out.size() + texts + 2 * kRoomBehind);
  out += "{\"ending\":";
  append_ending(out, ending, large_result, pass_on);
  out += '}';
}

std::string write_ending(const Ending& ending) {
  std::string out;
  append_ending_parameters(out, ending, {}, kSendNothing);
  return out;
}

nlohmann::json ending_object(const Ending& ending) {
  std::string text;
  append_ending(text, ending, {}, kSendNothing);
  return parse_own(text);
}

Result<Ending> read_ending(JsonText parameters) {
  Result<Ending> read(std::in_place);  // large: made where it is returned
  if (AsWritten text(parameters); text.take("{\"ending\":") && take_return(text, *read) && text.take("}") && text.is_over()) return read;
  const auto object = only_object(parameters, "ending", MessageKind::reply);
  if (!object) return object.error();
  if (const auto checked = read_ending_object(*object, "ending", *read); !checked) read = checked.error();
  return read;
}

Result<void> read_ending_object(JsonText object, std::string_view path, Ending& ending) {
  Fields fields(object, MessageKind::reply, path);
  ending.id = fields.required_id("id");
  ending.outcome = require_outcome(fields, "outcome");
  ending.result = fields.text("result");
  if (!fields.has_more()) return fields.finish();
  ending.exit_code = take_int(fields, "exitCode");
  ending.signal = take_int(fields, "signal");
  fields.text_into("reason", ending.reason);
  fields.text_into("errorType", ending.error_type);
  ending.chunks = fields.ids("chunks", kMaxChunks);
  ending.items = fields.integer("items", 1, kMaxPayloadBytes);
  fields.bytes_into("stdout", ending.standard_output.bytes);
  ending.standard_output.truncated = fields.flag("stdoutTruncated").value_or(false);
  fields.bytes_into("stderr", ending.standard_error.bytes);
  ending.standard_error.truncated = fields.flag("stderrTruncated").value_or(false);
  ending.resources = read_resources(fields);
  return fields.finish();
}

}  // namespace jobpool::proto
