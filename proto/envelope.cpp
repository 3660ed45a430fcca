// Reads and writes the members of calls and replies around their parameters.
#include "proto/envelope.hpp"

#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/json_writer.hpp"

namespace jobpool::proto {
namespace {

// The members of a message that were read, each of which may be there once.
struct Seen {
  bool parameters = false, method = false, oneway = false, more = false, upgrade = false, error = false, continues = false;
};

bool first_time(bool& seen) { return !std::exchange(seen, true); }

bool read_parameters(JsonReader& reader, JsonText& parameters) {
  return reader.peek() == 'n' ? reader.read_null() : reader.peek() == '{' && reader.read_text(parameters);
}

bool read_call_member(JsonReader& reader, std::string_view key, CallEnvelope& call, Seen& seen) {
  if (key == "method") return first_time(seen.method) && reader.read_string(call.method);
  if (key == "parameters") return first_time(seen.parameters) && read_parameters(reader, call.parameters);
  if (key == "oneway") return first_time(seen.oneway) && reader.read_bool(call.oneway);
  if (key == "more") return first_time(seen.more) && reader.read_bool(call.more);
  if (key == "upgrade") return first_time(seen.upgrade) && reader.read_bool(call.upgrade);
  return key.find('.') != key.npos && reader.skip_value();  // an extension's key has a dot in it
}

bool read_reply_member(JsonReader& reader, std::string_view key, ReplyEnvelope& reply, Seen& seen) {
  if (key == "parameters") return first_time(seen.parameters) && read_parameters(reader, reply.parameters);
  if (key == "error") return first_time(seen.error) && reader.read_string(reply.error) && !reply.error.empty();
  if (key == "continues") return first_time(seen.continues) && reader.read_bool(reply.continues);
  return reader.skip_value();
}

void append_parameters(ObjectWriter& object, std::string_view parameters_json) {
  if (parameters_json.empty() || parameters_json == "{}") return;
  std::string& out = object.key("parameters");
  out.reserve(out.size() + parameters_json.size() + kRoomBehind);
  out += parameters_json;
}

}  // namespace

Result<CallEnvelope> read_call(std::string_view message, const LongRuns* runs) {
  CallEnvelope call;
  Seen seen;
  JsonReader reader(message, kMaxMessageDepth, runs);
  const bool is_read = reader.read_object([&](std::string_view key) { return read_call_member(reader, key, call, seen); });
  if (!is_read || !reader.at_end()) return Error{Errc::protocol, "a message that is no call: broken JSON, or a member that no call has"};
  if (!seen.method) return Error{Errc::protocol, "a call without 'method'"};
  if (call.method.find('\0') != call.method.npos) return Error{Errc::protocol, "a call whose 'method' holds U+0000"};
  if (call.oneway + call.more + call.upgrade > 1) return Error{Errc::protocol, "a call with two of 'oneway', 'more' and 'upgrade'"};
  return call;
}

std::string write_call(std::string_view method, std::string_view parameters_json, CallMode mode) {
  std::string out;
  out.reserve(method.size() + parameters_json.size() + 64);
  ObjectWriter call(out);
  call.text("method", method);
  append_parameters(call, parameters_json);
  call.flag_if("oneway", mode == CallMode::oneway);
  call.flag_if("more", mode == CallMode::more);
  call.close();
  out += '\0';
  return out;
}

Result<ReplyEnvelope> read_reply(std::string_view message, const LongRuns* runs) {
  ReplyEnvelope reply;
  Seen seen;
  JsonReader reader(message, kMaxMessageDepth, runs);
  const bool is_read = reader.read_object([&](std::string_view key) { return read_reply_member(reader, key, reply, seen); });
  if (!is_read || !reader.at_end()) return Error{Errc::protocol, "a message that is no reply: broken JSON, or a member of the wrong type"};
  if (seen.error && reply.continues) return Error{Errc::protocol, "an error that 'continues'"};
  return reply;
}

void append_reply(std::string& out, std::string_view parameters_json, bool continues) {
  ObjectWriter reply(out);
  append_parameters(reply, parameters_json);
  reply.flag_if("continues", continues);
  reply.close();
  out += '\0';
}

void append_reply(std::string& out, function_ref<void(std::string& out)> write_parameters) {
  ObjectWriter reply(out);
  write_parameters(reply.key("parameters"));
  reply.close();
  out += '\0';
}

void append_error(std::string& out, std::string_view name, std::string_view parameters_json) {
  ObjectWriter reply(out);
  reply.text("error", name);
  append_parameters(reply, parameters_json);
  reply.close();
  out += '\0';
}

std::string one_field(std::string_view name, std::string_view text) {
  std::string out;
  ObjectWriter object(out);
  object.text(name, text);
  object.close();
  return out;
}

}  // namespace jobpool::proto
