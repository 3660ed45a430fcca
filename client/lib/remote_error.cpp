// The table of errors and their sentences.
#include "client/lib/remote_error.hpp"

#include <array>
#include <string>

#include "proto/json_reader.hpp"

namespace jobpool::client {
namespace {

std::string text_of(const nlohmann::json& parameters, const char* name) {
  const auto field = parameters.find(name);
  if (field == parameters.end()) return "?";
  return field->is_string() ? field->get<std::string>() : field->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The sentence of each error; {name} stands for that parameter, {: name} for a colon and one that may be missing.
struct Sentence {
  std::string_view error;
  Errc code;
  std::string_view text;
};
constexpr std::array<Sentence, 38> kSentences{{
    {proto::error::kNoSuchJob, Errc::not_found, "job {id}: no such job (never submitted, or forgotten)"},
    {proto::error::kTimedOut, Errc::timed_out, "job {id}: not ended yet; it goes on"},
    {proto::error::kNotReady, Errc::unsupported, "job {id}: not ended yet, so nobody knows; wait for it first"},
    {proto::error::kNotRunning, Errc::unsupported, "job {id}: {reason}"},
    {proto::error::kNotEnded, Errc::unsupported, "job {id}: not ended yet; cancel it, or wait for its end"},
    {proto::error::kNotRetryable, Errc::unsupported, "job {id}: {reason}"},
    {proto::error::kReloadRefused, Errc::unsupported, "the reload was refused: {reason}"},
    {proto::error::kTooManyListeners, Errc::full, "{limit} listen to events already; end one of them"},
    {proto::error::kNotBegun, Errc::not_found, "job {id}: {state}, no output yet"},
    {proto::error::kNoOutput, Errc::not_found, "job {id}: no output kept: {reason}"},
    {proto::error::kNoSuchPool, Errc::not_found,
     "pool '{pool}': no such pool; 'jobpool pool list' shows them, 'jobpool pool create' makes one"},
    {proto::error::kPoolNotRunning, Errc::closed, "pool '{pool}': takes no jobs: {reason}"},
    {proto::error::kPoolStillRunning, Errc::unsupported, "pool '{pool}': {reason}"},
    {proto::error::kPoolExists, Errc::already_exists,
     "pool '{pool}': there already; 'jobpool pool resize' changes its size, 'jobpool pool delete' removes it"},
    {proto::error::kInvalidPool, Errc::invalid_argument, "{field}: {reason}"},
    {proto::error::kQueueFull, Errc::full, "pool '{pool}': full (limit {limit}): {reason}; try again later"},
    {proto::error::kStoreFull, Errc::full, "{reason}"},
    {proto::error::kNoSuchDependency, Errc::not_found, "job {id}: no such job to come after (never submitted, or removed)"},
    {proto::error::kKeyConflict, Errc::already_exists,
     "key '{key}': belongs to another submission, job {id}{: reason}; take another key, or submit the same"},
    {proto::error::kInvalidJob, Errc::invalid_argument, "{field}: {reason}"},
    {proto::error::kNoSuchQueue, Errc::not_found,
     "queue '{queue}': no such queue (never made, or deleted); 'jobpool queue create {queue}' makes it"},
    {proto::error::kQueueExists, Errc::already_exists,
     "queue '{queue}': exists already (maxsize {maxsize}, durable {durable}); --exist-ok takes one that is alike"},
    {proto::error::kNamedQueueFull, Errc::full, "queue '{queue}': full ({put} put); try again later"},
    {proto::error::kQueueEmpty, Errc::full, "queue '{queue}': empty; try again later"},
    {proto::error::kQueueTimedOut, Errc::timed_out, "queue '{queue}': {unfinished} tasks not done yet"},
    {proto::error::kDoneTooOften, Errc::invalid_argument, "queue '{queue}': done more often than items were put ({unfinished} not done)"},
    {proto::error::kTooManyQueues, Errc::full, "{limit} queues are there already; delete some first"},
    {proto::error::kTooManyWaiters, Errc::full, "queue '{queue}': {limit} calls wait there already; try again later"},
    {proto::error::kQueueStoreFull, Errc::full, "queue '{queue}': the disk is full ({put} put); make room on it"},
    {proto::error::kQueueKeyConflict, Errc::already_exists, "queue '{queue}': key '{key}' belongs to another call"},
    {proto::error::kNoSuchProcess, Errc::not_found,
     "process '{process}': no such process (never started, or forgotten); 'jobpool process list --all' shows them"},
    {proto::error::kProcessExists, Errc::already_exists,
     "process '{process}': is alive already, job {id}; take another name, or end it with 'jobpool process terminate {process}'"},
    {proto::error::kProcessTimedOut, Errc::timed_out, "process '{process}': not ended yet; it goes on"},
    {proto::error::kInvalidParameter, Errc::invalid_argument,
     "parameter '{parameter}': missing, unknown, out of its range or of the wrong type"},
    {proto::error::kMethodNotFound, Errc::unsupported, "method '{method}': the daemon does not know it; is it of an older version?"},
    {proto::error::kInterfaceNotFound, Errc::unsupported, "interface '{interface}': the daemon does not know it"},
    {proto::error::kExpectedMore, Errc::invalid_argument, "this method streams: call it with --more"},
    {proto::error::kPermissionDenied, Errc::permission_denied, "the daemon does not let this user do that"},
}};

std::string fill_in(std::string_view sentence, const nlohmann::json& parameters) {
  std::string text;
  while (!sentence.empty()) {
    const std::size_t open = sentence.find('{');
    text += sentence.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = sentence.find('}', open);
    std::string name{sentence.substr(open + 1, close - open - 1)};
    const bool is_optional = name.starts_with(": ");
    if (is_optional) name.erase(0, 2);
    if (!is_optional || parameters.contains(name)) text += (is_optional ? ": " : "") + text_of(parameters, name.c_str());
    sentence.remove_prefix(close + 1);
  }
  return text;
}

}  // namespace

Error describe_error(const Reply& reply) {
  for (const Sentence& sentence : kSentences)
    if (sentence.error == reply.error) return Error{sentence.code, fill_in(sentence.text, reply.parameters.tree())};
  return Error{Errc::protocol, "the daemon answered " + reply.error};
}

Reply error_reply(std::string error, std::string_view parameters) {
  const auto object = proto::JsonText::check(parameters, proto::kMaxMessageDepth);
  return {object && object->is_object() ? proto::JsonObject(*object) : proto::JsonObject(), std::move(error), false, {}};
}

}  // namespace jobpool::client
