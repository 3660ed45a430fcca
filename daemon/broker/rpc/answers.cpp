// Answers that several verbs give.
#include <memory>
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

// Results are large and kept once; many calls that ask for them must not multiply them.
void Verbs::answer_ending(const CallPtr& call, const Job& job, WithOutput with_output) {
  // Until the caller has it, or is gone, an apply is not forgotten: its key must not run it again.
  std::function<void()> handed_over;
  if (Delivery delivery = delivery_of(job)) handed_over = [delivery = std::move(delivery)] {};
  if (call->take_room()) return make_ending(call, job, with_output, std::move(handed_over));
  call->when_room([this, call, id = job.id, with_output, handed_over = std::move(handed_over)] {
    const Job* ended = engine_.core().find(id);
    if (ended == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);  // removed meanwhile
    make_ending(call, *ended, with_output, handed_over);
  });
}

void Verbs::make_ending(const CallPtr& call, const Job& job, WithOutput with_output, std::function<void()> handed_over) {
  if (has_lost_result(job)) return job_error(*call, proto::error::kNoOutput, job.id, job.reason);
  if (const auto result = engine_.result_in_place(job)) {
    proto::Ending ending = ending_view(job, {});
    if (const std::vector<JobId>* chunks = engine_.core().chunks(job.id)) ending.chunks = *chunks;
    ending.items = items_of(job);
    if (with_output == WithOutput::yes && job.kind == shm::JobKind::command) {
      ending.standard_output = outputs_.read(job.id, job.attempt, Stream::standard_output);
      ending.standard_error = outputs_.read(job.id, job.attempt, Stream::standard_error);
    }
    return call->reply_written(
        [&](std::string& out, proto::PassOn pass_on) { proto::append_ending_parameters(out, ending, *result, pass_on); },
        std::move(handed_over));
  }
  engine_.read_result(job.id, [this, call, id = job.id, handed_over = std::move(handed_over)](Result<std::string> result) {
    const Job* ended = engine_.core().find(id);
    if (ended == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);  // removed meanwhile
    if (!result) return job_error(*call, proto::error::kNoOutput, id, result.error().text);
    proto::Ending ending = ending_view(*ended, std::move(*result));
    ending.items = items_of(*ended);
    call->reply_written([&](std::string& out, proto::PassOn pass_on) { proto::append_ending_parameters(out, ending, {}, pass_on); },
                        handed_over);
  });
}

std::optional<std::int64_t> Verbs::items_of(const Job& job) const {
  const std::uint32_t items = engine_.core().notes(job.id).items;
  return items > 0 ? std::optional<std::int64_t>{items} : std::nullopt;
}

Delivery Verbs::delivery_of(const Job& job) {
  return job.mode != Mode::apply || job.delivered ? Delivery{} : Delivery{deliveries_, job.id};
}

void Verbs::answer_applied(const CallPtr& call, const Job& job) { answer_ending(call, job, WithOutput::yes); }

void Verbs::invalid_parameter(Call& call, const Error& error) {
  call.error(proto::error::kInvalidParameter, proto::one_field("parameter", error.text));
}

void Verbs::job_error(Call& call, std::string_view name, JobId id, std::string_view reason) {
  std::string parameters = R"({"id":)" + std::to_string(id.value);
  parameters += reason.empty() ? "}" : "," + proto::one_field("reason", reason).substr(1);
  call.error(name, parameters);
}

const Job* Verbs::job_or_error(Call& call, JobId id) {
  engine_.look_for_starts({&id, 1});
  const Job* job = engine_.core().find(id);
  if (job == nullptr) job_error(call, proto::error::kNoSuchJob, id);
  return job;
}

}  // namespace jobpool::broker
