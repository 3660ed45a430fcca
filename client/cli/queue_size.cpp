// jobpool queue full, empty, size: Queue.full and Queue.empty, answered by exit codes, and Queue.qsize.
#include "client/cli/queue.hpp"
#include "client/cli/tell.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {
namespace {

// The answer to a question about one queue; an exit code where there is none.
struct QueueAnswer {
  std::optional<int> exit_code;
  proto::JsonObject parameters;
};

QueueAnswer ask_of_queue(Context& context, Words words, Usage usage, std::string_view method) {
  Options options(context, usage);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return {parsed.exit_code, {}};
  if (const std::string fault = one_queue_fault(parsed.operands); !fault.empty()) return {options.misused(fault), {}};
  Result<client::Reply> reply = context.ask(method, proto::write_queue_name(parsed.operands.front()));
  if (!reply) return {fail(reply.error()), {}};
  return {{}, std::move(reply->parameters)};
}

int answer_about_queue(Context& context, Words words, Usage usage, std::string_view method, std::string_view field) {
  const QueueAnswer answer = ask_of_queue(context, words, usage, method);
  if (answer.exit_code) return *answer.exit_code;
  const Result<bool> flag = proto::read_flag(field, answer.parameters);
  if (!flag) return fail(flag.error());
  const int code = *flag ? 0 : 1;
  return context.json ? print(answer.parameters.tree().dump() + "\n", code) : code;
}

}  // namespace

int run_queue_full(Context& context, Words words) {
  return answer_about_queue(
      context, words,
      {"queue full [options] NAME", "Is the queue full? Exit code 0: yes, 1: no.", "jobpool queue full mail || jobpool queue put mail 7"},
      "org.jobpool.Queue.Full", "full");
}

int run_queue_empty(Context& context, Words words) {
  return answer_about_queue(
      context, words,
      {"queue empty [options] NAME", "Is the queue empty? Exit code 0: yes, 1: no.", "jobpool queue empty mail || jobpool queue get mail"},
      "org.jobpool.Queue.Empty", "empty");
}

int run_queue_size(Context& context, Words words) {
  const QueueAnswer answer =
      ask_of_queue(context, words, {"queue size [options] NAME", "Prints how many items are in the queue.", "jobpool queue size mail"},
                   "org.jobpool.Queue.Size");
  if (answer.exit_code) return *answer.exit_code;
  if (context.json) return print(answer.parameters.tree().dump() + "\n");
  const Result<std::int64_t> size = proto::read_count("size", answer.parameters);
  return size ? print(std::to_string(*size) + "\n") : fail(size.error());
}

}  // namespace jobpool::cli
