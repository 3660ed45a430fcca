// jobpool queue put: Queue.put of each word, or of each line of stdin.
#include <unistd.h>

#include <utility>

#include "client/cli/function_arguments.hpp"
#include "client/cli/item_source.hpp"
#include "client/cli/queue_wait.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/key.hpp"
#include "client/lib/remote_error.hpp"
#include "proto/frame.hpp"
#include "proto/json_string.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kLinesPerCall = 1'000;  // of stdin: large enough that the way to the daemon and back costs little for each
constexpr std::size_t kBytesPerCall = std::size_t{4} << 20;  // unless it is one line
static_assert(3 * kBytesPerCall < proto::kMaxMessageBytes);  // a quote or a backslash takes two bytes there

// How many lines are in the queue already.
std::string lines_before(std::size_t put) {
  if (put == 0) return {};
  return " (" + std::to_string(put) + (put == 1 ? " line before was put)" : " lines before were put)");
}

// A call that put a part of its items says how many: to those of the calls before it that is added, so that one number tells where to go
// on.
Error put_error(const client::Reply& reply, std::size_t put_before) {
  nlohmann::json parameters = reply.parameters.tree();
  const auto put = parameters.find("put");
  if (put == parameters.end() || !put->is_number_unsigned()) {
    const Error error = client::describe_error(reply);
    return Error{error.code, error.text + lines_before(put_before)};
  }
  *put = put->get<std::uint64_t>() + put_before;
  return client::describe_error(client::error_reply(reply.error, parameters.dump()));
}

Result<void> put_items(Context& context, proto::QueuePutRequest request, std::size_t put_before = 0) {
  request.how.key = client::make_key();  // each call has its own
  const auto timeout = request.how.timeout;
  const auto write = [&request](std::optional<Microseconds> left) {
    request.how.timeout = left;
    return proto::write_queue_put(request);
  };
  const Result<client::Reply> reply = context.hear("org.jobpool.Queue.Put", timeout, write, client::Resend::any_instance);
  if (!reply) return Error{reply.error().code, reply.error().text + lines_before(put_before)};
  return reply->error.empty() ? Result<void>{} : put_error(*reply, put_before);
}

// What is wrong with which line, and how many before it are in the queue. A usage error is only one that has done nothing.
Error line_error(const Error& error, std::size_t lines_put) {
  return Error{lines_put == 0 ? error.code : Errc::io,
               "line " + std::to_string(lines_put + 1) + ": " + error.text + lines_before(lines_put)};
}

// Of an item alone.
bool fits_message(const std::string& item) {
  constexpr std::size_t kRoom = proto::kMaxMessageBytes - 1024;  // the rest of the call is a few names
  if (item.size() <= kBytesPerCall) return true;
  std::string written;
  proto::append_json_string(written, item);
  return written.size() <= kRoom;
}

Result<std::string> item_of(const std::string& word) {
  Result<std::string> item = json_of_word(word);
  if (item && item->size() > proto::kMaxPayloadBytes) return Error{Errc::invalid_argument, "an item has at most 16 MiB"};
  if (item && !fits_message(*item))
    return Error{Errc::invalid_argument, "an item has at most 24 MiB where each quote and each backslash counts twice"};
  return item;
}

// The lines of stdin as the items of one call after the other.
class LineItems {
 public:
  explicit LineItems(ItemSource lines) : lines_(std::move(lines)) {}

  // None: there are no more, or the next line is no item.
  std::vector<std::string> next_call() {
    std::vector<std::string> items;
    std::size_t bytes = 0;
    while (items.size() < kLinesPerCall && bytes < kBytesPerCall) {
      if (!items.empty() && lines_.would_wait()) break;  // what is there already is not kept waiting for more
      if (!ahead_) read_ahead();
      if (!ahead_ || (!items.empty() && bytes + ahead_->size() > kBytesPerCall)) break;
      bytes += ahead_->size();
      items.push_back(*std::exchange(ahead_, std::nullopt));
    }
    return items;
  }
  // Of the line behind those that were given.
  const std::optional<Error>& fault() const { return fault_; }

 private:
  void read_ahead() {
    const auto line = lines_.next();
    if (!line) fault_ = line.error();
    if (!line || !*line) return;
    Result<std::string> item = item_of((*line)->front());
    if (item)
      ahead_ = std::move(*item);
    else
      fault_ = item.error();
  }

  ItemSource lines_;
  std::optional<std::string> ahead_;  // read, and not given yet
  std::optional<Error> fault_;
};

Result<void> put_lines(Context& context, const proto::QueuePutRequest& terms) {
  std::vector<std::string> none;
  Result<ItemSource> source = ItemSource::take(none, {});
  if (!source) return source.error();
  LineItems lines(std::move(*source));
  for (std::size_t put = 0;;) {
    proto::QueuePutRequest request = terms;
    request.items = lines.next_call();
    const std::size_t count = request.items.size();
    if (count > 0)
      if (auto done = put_items(context, std::move(request), put); !done) return done;
    put += count;
    if (lines.fault()) return line_error(*lines.fault(), put);
    if (count == 0) return {};
  }
}

}  // namespace

int run_queue_put(Context& context, Words words) {
  Options options(context,
                  {"queue put [options] NAME [JSON…]",
                   "Puts items at the end of a queue, waiting for room. A word that is no JSON is a string. Without words each line of\n"
                   "stdin is an item.",
                   "jobpool queue put mail '{\"to\": 7}' hello      seq 1000 | jobpool queue put numbers"});
  QueueWaitOptions wait;
  wait.declare(options, "full");
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("name a queue");
  proto::QueuePutRequest request;
  request.name = parsed.operands.front();
  if (const std::string fault = queue_name_fault(request.name); !fault.empty()) return options.misused(fault);
  const Result<proto::QueueWait> how = wait.build();
  if (!how) return options.misused(how.error().text);
  request.how = *how;
  if (parsed.operands.size() == 1) {
    if (::isatty(STDIN_FILENO) == 1) return options.misused("put what? write items behind the name, or pipe in one a line");
    const Result<void> put = put_lines(context, request);
    if (!put && put.error().code == Errc::invalid_argument) {
      tell(put.error().text);
      return kExitUsage;
    }
    if (!put) return fail(put.error());
    return context.json ? print("{}\n") : 0;
  }
  for (const std::string& word : Words{parsed.operands}.subspan(1)) {
    const Result<std::string> item = item_of(word);
    if (!item) return options.misused(item.error().text);
    request.items.push_back(*item);
  }
  if (request.items.size() > proto::kMaxItemsPerCall) return options.misused("more than 10,000 items: pipe them in, one a line");
  const Result<void> put = put_items(context, std::move(request));
  if (!put) return fail(put.error());
  return context.json ? print("{}\n") : 0;
}

}  // namespace jobpool::cli
