// The table of methods, and the way of an answer: from the queues to its caller, and the news that it arrived, or did not, back.
#include "daemon/broker/rpc/queue_verbs.hpp"

#include <utility>

#include "daemon/broker/rpc/queue_errors.hpp"

namespace jobpool::broker {
namespace {

// Rides with an answer: when all of it is with the socket, or when it never will be, the queues hear of it.
class Handover {
 public:
  Handover(QueueKeeper& queues, Token token) : queues_(queues), token_(token) {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() {
    if (!is_done_) queues_.tell(CallerGone{token_});
  }
  void done() {
    is_done_ = true;
    queues_.tell(AnswerHandedOver{token_});
  }

 private:
  QueueKeeper& queues_;
  const Token token_;
  bool is_done_ = false;
};

}  // namespace

QueueVerbs::QueueVerbs(QueueKeeper& queues) : queues_(queues) {
  queues_.set_listener([this](const AnswerQueueCall& answer) { on_answer(answer); });
}

const std::unordered_map<std::string_view, QueueVerbs::Method>& QueueVerbs::methods() {
  static const std::unordered_map<std::string_view, Method> kQueueMethods{
      {"org.jobpool.Queue.Create", &QueueVerbs::create}, {"org.jobpool.Queue.Put", &QueueVerbs::put},
      {"org.jobpool.Queue.Get", &QueueVerbs::get},       {"org.jobpool.Queue.Full", &QueueVerbs::full},
      {"org.jobpool.Queue.Empty", &QueueVerbs::empty},   {"org.jobpool.Queue.Size", &QueueVerbs::size},
      {"org.jobpool.Queue.Done", &QueueVerbs::done},     {"org.jobpool.Queue.Join", &QueueVerbs::join},
      {"org.jobpool.Queue.Delete", &QueueVerbs::remove}, {"org.jobpool.Queue.List", &QueueVerbs::list},
      {"org.jobpool.Queue.Show", &QueueVerbs::show},
  };
  return kQueueMethods;
}

void QueueVerbs::handle(std::shared_ptr<Call> call) {
  const auto found = methods().find(call->envelope.method);
  if (found == methods().end()) return call->error(proto::error::kMethodNotFound, proto::one_field("method", call->envelope.method));
  call->fds.clear();  // no method here names any, and some wait for long
  (this->*found->second)(call);
}

Token QueueVerbs::begin(Pending pending) {
  const Token token{++last_token_};
  if (pending.job) by_job_.emplace(*pending.job, token);
  pending_.emplace(token, std::move(pending));
  return token;
}

void QueueVerbs::go_on(Token token) {
  const auto found = pending_.find(token);
  if (found == pending_.end()) return;  // answered
  found->second.call->on_hangup = [this, token] {
    take(token);
    queues_.tell(CallerGone{token});
  };
  note_wait(token, found->second);
}

void QueueVerbs::note_wait(Token token, Pending& pending) {
  if (!pending.job || waits_for(token).empty()) return;
  pending.is_blocked = true;
  if (times_.begin(*pending.job, queues_.now().wall_usec) && on_blocked_) on_blocked_(*pending.job, std::nullopt);
}

std::optional<QueueVerbs::Pending> QueueVerbs::take(Token token) {
  auto node = pending_.extract(token);
  if (node.empty()) return std::nullopt;
  if (const auto job = node.mapped().job) {
    const auto [begin, end] = by_job_.equal_range(*job);
    for (auto at = begin; at != end; ++at) {
      if (at->second != token) continue;
      by_job_.erase(at);
      break;
    }
    if (node.mapped().is_blocked)
      if (const auto waited = times_.end(*job, queues_.now().wall_usec); waited && on_blocked_) on_blocked_(*job, *waited);
  }
  return std::move(node.mapped());
}

void QueueVerbs::on_answer(const AnswerQueueCall& answer) {
  const auto handover = std::make_shared<Handover>(queues_, answer.token);
  const auto pending = take(answer.token);
  if (!pending) return;  // its caller is gone
  pending->call->on_hangup = {};
  if (answer.verdict != QueueVerdict::well) return answer_queue_error(*pending->call, pending->name, pending->key, answer, queues_.core());
  pending->call->reply(pending->write_answer(answer), {}, [handover] { handover->done(); });
}

std::optional<TimePoint> QueueVerbs::deadline_of(const std::optional<Microseconds>& timeout) const {
  return timeout ? std::optional(queues_.now().steady + *timeout) : std::nullopt;
}

const QueueState* QueueVerbs::queue_or_error(Call& call) {
  const auto name = proto::read_queue_name(call.envelope.parameters);
  if (!name) {
    call.error(proto::error::kInvalidParameter, proto::one_field("parameter", name.error().text));
    return nullptr;
  }
  const QueueState* queue = queues_.core().find(*name);
  if (queue == nullptr) call.error(proto::error::kNoSuchQueue, proto::one_field("queue", *name));
  return queue;
}

std::string QueueVerbs::waits_for(Token token) const {
  const auto in_queue = [&] { return " queue '" + pending_.at(token).name + "'"; };
  switch (queues_.core().waits_for(token)) {
    case QueueCore::WaitsFor::room:
      return "room in" + in_queue();
    case QueueCore::WaitsFor::item:
      return "an item in" + in_queue();
    case QueueCore::WaitsFor::tasks:
      return "the tasks of" + in_queue();
    case QueueCore::WaitsFor::nothing:
      break;
  }
  return {};
}

std::string QueueVerbs::what_blocks(JobId job) const {
  const auto [begin, end] = by_job_.equal_range(job);
  for (auto at = begin; at != end; ++at)
    if (std::string text = waits_for(at->second); !text.empty()) return text;
  return {};
}

std::vector<JobId> QueueVerbs::blocked_jobs() const {
  std::vector<JobId> jobs;
  for (const auto& [job, token] : by_job_)
    if ((jobs.empty() || jobs.back() != job) && !waits_for(token).empty()) jobs.push_back(job);
  return jobs;
}

}  // namespace jobpool::broker
