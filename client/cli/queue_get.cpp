// jobpool queue get: Queue.get; an item a line, as JSON.
#include "client/cli/queue_wait.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

std::string item_line(const std::string& item, bool raw) {
  if (raw) {
    const nlohmann::json value = nlohmann::json::parse(item, nullptr, false);
    if (value.is_string()) return value.get<std::string>() + "\n";
  }
  return item + "\n";
}

// Of what was taken and could not be written. It is in no queue any more.
std::string lost_items(const std::string& queue, const std::vector<std::string>& items) {
  constexpr std::size_t kMostShown = 4096;
  std::string lost =
      "queue '" + queue + "': " + std::to_string(items.size()) + (items.size() == 1 ? " item was" : " items were") + " taken";
  std::string all;
  for (const std::string& item : items) all += "\n" + printable(item);
  return all.size() <= kMostShown ? lost + ":" + all : lost + ", " + std::to_string(all.size()) + " bytes: too many to show here";
}

}  // namespace

int run_queue_get(Context& context, Words words) {
  Options options(context,
                  {"queue get [options] NAME", "Takes items from the front of a queue, waiting for the first, and prints each on a line.",
                   "jobpool queue get mail --timeout 5s"});
  std::optional<int> count;
  bool raw = false;
  QueueWaitOptions wait;
  options.integer("-n, --count", "COUNT", "up to COUNT items, as many as are there; 1 when absent", kItemsPerCall, count);
  wait.declare(options, "empty");
  options.flag("--raw", "print items that are strings without their quotes", raw);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (const std::string fault = one_queue_fault(parsed.operands); !fault.empty()) return options.misused(fault);
  const Result<proto::QueueWait> how = wait.build();
  if (!how) return options.misused(how.error().text);
  proto::QueueGetRequest request{parsed.operands.front(), count.value_or(1), *how};
  const Result<client::Reply> reply = context.wait(
      "org.jobpool.Queue.Get", how->timeout,
      [&request](std::optional<Microseconds> left) {
        request.how.timeout = left;
        return proto::write_queue_get(request);
      },
      client::Resend::any_instance);
  if (!reply) return fail(reply.error());
  const auto items = proto::read_items(reply->parameters);
  if (!items) return fail(items.error());
  std::string text;
  if (context.json)
    text = reply->parameters.tree().dump() + "\n";
  else
    for (const std::string& item : *items) text += item_line(item, raw);
  const int code = print(text);
  if (code != 0) tell(lost_items(request.name, *items));
  return code;
}

}  // namespace jobpool::cli
