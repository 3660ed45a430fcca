// Answers that several verbs give.
#include <memory>
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

void Verbs::answer_ending(Call& call, const Job& job, WithOutput with_output) {
  proto::Ending ending = ending_view(job, job.kind == shm::JobKind::function ? engine_.ledger().result(job.id) : std::string{});
  if (with_output == WithOutput::yes && job.kind == shm::JobKind::command) {
    ending.standard_output = outputs_.read(job.id, job.attempt, Stream::standard_output);
    ending.standard_error = outputs_.read(job.id, job.attempt, Stream::standard_error);
  }
  // Until the caller has it, or is gone, an apply is not forgotten: its key must not run it again.
  std::function<void()> handed_over;
  if (job.mode == Mode::apply && !job.delivered)
    handed_over = [guard = std::shared_ptr<void>(nullptr, [this, id = job.id](void*) { engine_.tell(Delivered{id}); })] {};
  call.reply(proto::write_ending(ending), {}, std::move(handed_over));
}

void Verbs::answer_applied(Call& call, const Job& job) { answer_ending(call, job, WithOutput::yes); }

void Verbs::invalid_parameter(Call& call, const Error& error) {
  call.error(proto::error::kInvalidParameter, proto::one_field("parameter", error.text));
}

void Verbs::job_error(Call& call, std::string_view name, JobId id, std::string_view reason) {
  std::string parameters = R"({"id":)" + std::to_string(id.value);
  parameters += reason.empty() ? "}" : "," + proto::one_field("reason", reason).substr(1);
  call.error(name, parameters);
}

const Job* Verbs::job_or_error(Call& call, JobId id) {
  engine_.dispatcher().drain_all();  // a START rings no bell: look before we say that it has not started
  const Job* job = engine_.core().find(id);
  if (job == nullptr) job_error(call, proto::error::kNoSuchJob, id);
  return job;
}

}  // namespace jobpool::broker
