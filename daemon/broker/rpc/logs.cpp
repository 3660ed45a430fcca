// Logs: a descriptor of the file a command writes its output to. A job that has not started yet is waited for, unless the caller will not.
#include <fcntl.h>

#include <utility>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

// In the place of an empty one, which is not kept.
Result<UniqueFd> empty_file() {
  UniqueFd file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!file) return errno_error("/dev/null");
  return file;
}

}  // namespace

void Verbs::logs(const CallPtr& call) {
  const auto request = proto::read_logs(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const Job* job = job_or_error(*call, request->id);
  if (job == nullptr) return;
  if (job->kind == shm::JobKind::function)
    return job_error(*call, proto::error::kNoOutput, job->id,
                     job->flags.batch ? "it is a batch, whose jobs have written it: ask for all with get"
                                      : "it is a function: ask for its result with get");
  const Stream stream = request->standard_error ? Stream::standard_error : Stream::standard_output;

  const auto answer = [this, stream](Call& to, const Job& of) {
    auto file = outputs_.open(of.id, of.attempt, stream);
    const bool ended = of.state == JobState::done;
    if (!file && file.error().code == Errc::not_found && ended && !of.flags.has_descriptors) file = empty_file();
    if (file || file.error().code != Errc::not_found) return answer_with_output(to, of, std::move(file));
    job_error(to, proto::error::kNoOutput, of.id,
              ended ? "there was none, or it went to the submitter's own descriptors" : "it goes to the submitter's own descriptors");
  };
  if ((job->state == JobState::running && !awaits_start(*job)) || job->state == JobState::done) return answer(*call, *job);
  if (!request->wait) return answer_at_once(*call, *job, stream);
  const WaiterId waiter = starters_.add(job->id, [answer, call, id = job->id](const Job* started) {
    if (started == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);
    answer(*call, *started);
  });
  call->on_hangup = [this, id = job->id, waiter] { starters_.remove(id, waiter); };
}

// Of one that does not run yet, or not again: what its last attempt has written, if one has ended and has written something. The next one's
// files may be there, half made: its worker throws away what somebody else has opened meanwhile.
void Verbs::answer_at_once(Call& call, const Job& job, Stream stream) const {
  const std::uint32_t ended = job.attempt_open ? job.attempt - 1 : job.attempt;
  auto file = outputs_.open(job.id, ended, stream);
  if (file || file.error().code != Errc::not_found) return answer_with_output(call, job, std::move(file));
  std::string parameters = R"({"id":)" + std::to_string(job.id.value);
  parameters.append(R"(,"state":")").append(to_string(state_of(job))).append(R"("})");
  call.error(proto::error::kNotBegun, parameters);
}

// It stays open here until the caller reads its answer: there is as much room for it as for those that callers pass.
void Verbs::answer_with_output(Call& call, const Job& job, Result<UniqueFd> file) const {
  if (!file) return job_error(call, proto::error::kNoOutput, job.id, file.error().text);
  if (file->get() >= surroundings_.end_of_passed_fds)
    return no_room_for_descriptors(call, engine_.core().pools().at(job.pool).record.settings.name);
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(*file));
  call.reply(job.state == JobState::done ? R"({"descriptor":0,"running":false})" : R"({"descriptor":0,"running":true})", std::move(fds));
}

}  // namespace jobpool::broker
