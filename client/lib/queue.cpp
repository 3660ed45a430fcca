// Queue: items in and out; Results become exceptions here.
#include "jobpool/queue.hpp"

#include "client/lib/calling_job.hpp"
#include "client/lib/key.hpp"
#include "client/lib/raise.hpp"
#include "client/lib/timed_call.hpp"
#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool {
namespace {

proto::QueueWait wait_of(const Queue::Timeout& timeout, bool wait) { return {wait, timeout, client::make_key(), client::calling_job()}; }

// Under a key, or asking twice is as asking once.
proto::JsonObject ask_queue(client::Connections& connections, const char* method, const std::string& request,
                            client::Resend resend = client::Resend::always) {
  return client::ask(connections, std::string{"org.jobpool.Queue."} + method, request, resend);
}

// Put or Get, as `write` writes it.
template <class Request>
proto::JsonObject ask_to_wait(client::Connections& connections, const char* method, Request& request,
                              std::string (*write)(const Request&)) {
  return client::answer_or_raise(client::call_within(
      connections, method, request.how.timeout,
      [&](std::optional<Microseconds> left) {
        request.how.timeout = left;
        return write(request);
      },
      client::Resend::any_instance));
}

std::size_t queue_count(proto::JsonText answer, const char* field) {
  return static_cast<std::size_t>(client::value_or_raise(proto::read_count(field, answer)));
}

QueueInfo info_of(proto::Queue queue) {
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  return {std::move(queue.name), size(queue.maxsize), queue.durable,       size(queue.size),    size(queue.bytes), size(queue.unfinished),
          size(queue.taken),     size(queue.putters), size(queue.getters), size(queue.joiners), queue.created_usec};
}

}  // namespace

void Queue::put_texts(std::vector<std::string> items, Timeout timeout, bool wait) const {
  proto::QueuePutRequest request{name_, std::move(items), wait_of(timeout, wait)};
  ask_to_wait(*connections_, "org.jobpool.Queue.Put", request, proto::write_queue_put);
}

std::vector<std::string> Queue::get_texts(std::size_t count, Timeout timeout, bool wait) const {
  proto::QueueGetRequest request{name_, static_cast<std::int64_t>(count), wait_of(timeout, wait)};
  auto items =
      client::value_or_raise(proto::read_items(ask_to_wait(*connections_, "org.jobpool.Queue.Get", request, proto::write_queue_get)));
  if (items.empty()) throw ClientError("queue '" + name_ + "': the daemon answered without an item");
  return items;
}

bool Queue::full() const {
  return client::value_or_raise(proto::read_flag("full", ask_queue(*connections_, "Full", proto::write_queue_name(name_))));
}

bool Queue::empty() const {
  return client::value_or_raise(proto::read_flag("empty", ask_queue(*connections_, "Empty", proto::write_queue_name(name_))));
}

std::size_t Queue::qsize() const { return queue_count(ask_queue(*connections_, "Size", proto::write_queue_name(name_)), "size"); }

std::size_t Queue::task_done(std::size_t count) const {
  const proto::QueueDoneRequest request{name_, static_cast<std::int64_t>(count), client::make_key()};
  return queue_count(ask_queue(*connections_, "Done", proto::write_queue_done(request), client::Resend::any_instance), "unfinished");
}

bool Queue::join(Timeout timeout) const {
  const auto request = [this](std::optional<Microseconds> left) {
    return proto::write_queue_join(proto::QueueJoinRequest{name_, left, client::calling_job()});
  };
  const client::Reply reply = client::value_or_raise(client::call_within(*connections_, "org.jobpool.Queue.Join", timeout, request));
  if (reply.error == proto::error::kQueueTimedOut) return false;
  if (!reply.error.empty()) client::raise_remote(reply);
  return true;
}

QueueInfo Queue::show() const {
  return info_of(client::value_or_raise(proto::read_queue(ask_queue(*connections_, "Show", proto::write_queue_name(name_)))));
}

std::size_t Queue::remove() const {
  return queue_count(client::ask(*connections_, "org.jobpool.Queue.Delete", proto::write_queue_name(name_), client::Resend::never),
                     "items");
}

Queue Client::queue(std::string name) const { return Queue{connections_, std::move(name)}; }

Queue Client::create_queue(std::string name, QueueOptions options) const {
  const proto::QueueCreateRequest request{name, static_cast<std::int64_t>(options.maxsize), options.durable, options.exist_ok};
  client::ask(*connections_, "org.jobpool.Queue.Create", proto::write_queue_create(request),
              options.exist_ok ? client::Resend::always : client::Resend::never);
  return queue(std::move(name));
}

std::vector<QueueInfo> Client::queues() const {
  std::vector<QueueInfo> all;
  for (proto::Queue& one : client::value_or_raise(proto::read_queues(ask_queue(*connections_, "List", "{}"))))
    all.push_back(info_of(std::move(one)));
  return all;
}

}  // namespace jobpool
