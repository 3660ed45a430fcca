// What clients were told, held against what was told before and against the store. See oracle.hpp.
#include "tests/simulation/oracle.hpp"

#include <algorithm>
#include <utility>

#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {

using namespace broker;

Work& Oracle::want(Submit submit) {
  Work& work = works_.emplace_back();
  work.number = static_cast<std::uint32_t>(works_.size() - 1);
  work.instance = instance_;
  work.life = life_;
  work.submit = std::move(submit);
  work.submit.payload = std::to_string(work.number);
  return work;
}

Token Oracle::submitted(const Work& work) {
  calls_.push_back({work.number});
  return Token{calls_.size()};
}

Truth& Oracle::known(JobId job, std::uint32_t work) {
  const auto [found, is_new] = jobs_.try_emplace(job);
  Truth& truth = found->second;
  if (is_new) {
    truth.work = work;
    truth.instance = instance_;
    truth.life = life_;
    truth.may_be_forgotten = forgotten_.contains(job);
    check_same_key(works_.at(work), job);
    works_[work].ids.push_back(job);
  }
  require(truth.work == work, "id {} was given to two jobs: works {} and {}", job.value, truth.work, work);
  return truth;
}

// Of the same key, or of the same submission where it has none: whatever was kept of the job must have been found again.
void Oracle::check_same_key(const Work& work, JobId job) const {
  for (const JobId earlier : work.ids)
    require(!was_kept(jobs_.at(earlier)), "work {} is job {}, and was accepted again as job {}", work.number, earlier.value, job.value);
}

// A broker that lives, or its successors, must know it: durable ones always; others as long as their broker lives, or once they had
// started.
bool Oracle::was_kept(const Truth& truth) const {
  if (truth.may_be_forgotten || truth.is_lost) return false;
  if (works_[truth.work].is_durable()) return truth.accepted || !truth.starts.empty();
  return truth.instance == instance_ && (truth.life == life_ || !truth.starts.empty());
}

void Oracle::told_accepted(Token token, JobId job) {
  Call& call = calls_.at(token.value - 1);
  trace_.line("client: work {} is job {}", call.work, job.value);
  require(call.state == Call::State::open, "the caller of work {} is answered twice", call.work);
  call.state = Call::State::accepted;
  Truth& truth = known(job, call.work);
  truth.accepted = true;
  if (works_[call.work].is_durable() && !truth.may_be_forgotten) {
    const auto* stored = store_.committed(job);
    require(stored != nullptr, "job {} is told to be accepted before it is durable", job.value);
    require(stored->payload == works_[call.work].submit.payload, "job {} is stored without what it is to run", job.value);
  }
  if (works_[call.work].is_batch()) accept_chunks(job);
}

void Oracle::told_refused(Token token, Refusal why) {
  Call& call = calls_.at(token.value - 1);
  trace_.line("client: work {} was refused ({})", call.work, static_cast<int>(why));
  require(call.state == Call::State::open, "the caller of work {} is answered twice", call.work);
  call.state = Call::State::refused;
  require(why != Refusal::key_conflict, "work {} was refused for its key, which only it has", call.work);
}

void Oracle::callers_are_cut_off() {
  for (Call& call : calls_)
    if (call.state == Call::State::open) call.state = Call::State::cut_off;
}

bool Oracle::awaits_answers() const { return !open_calls().empty(); }

std::vector<Token> Oracle::open_calls() const {
  std::vector<Token> open;
  for (std::size_t i = 0; i < calls_.size(); ++i)
    if (calls_[i].state == Call::State::open) open.push_back(Token{i + 1});
  return open;
}

void Oracle::asked_to_cancel(JobId job) { jobs_.at(job).cancel_asked = true; }

void Oracle::cancel_was_noted(JobId job) { jobs_.at(job).stop_noted_in = life_; }

void Oracle::told_end(JobId job, Outcome outcome, const std::string& result) {
  trace_.line("client: job {} ended {} {}", job.value, to_string(outcome), result);
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;  // its submitter was cut off, and nobody else knows it
  Truth& truth = found->second;
  if (truth.told)
    require(*truth.told == outcome, "job {} was told to have ended {}, and now {}", job.value, to_string(*truth.told), to_string(outcome));
  const bool is_news = !std::exchange(truth.told, outcome).has_value();
  if (works_[truth.work].is_durable() && !truth.may_be_forgotten) {
    const auto* stored = store_.committed(job);
    require(stored != nullptr && stored->job.ended && stored->job.end.outcome == outcome,
            "job {} is told to have ended {} before that is durable", job.value, to_string(outcome));
  }
  if (!is_news) return;
  if (works_[truth.work].is_batch()) return check_batch(job, outcome);
  check_outcome(job, truth, outcome);
  truth.told_by_its_broker = truth.last_start() != nullptr && truth.last_start()->ended_in == life_;
  if (outcome == Outcome::succeeded && works_[truth.work].submit.kind == shm::JobKind::function)
    require(result == truth.last_start()->result, "job {} returned {}, and {} is told", job.value, truth.last_start()->result, result);
}

void Oracle::broker_forgets(JobId job) {
  forgotten_.insert(job);
  if (const auto found = jobs_.find(job); found != jobs_.end()) found->second.may_be_forgotten = true;
}

void Oracle::broker_died() {
  held_.clear();
  ++life_;
  ++deaths_.broker_deaths;
}

void Oracle::host_died() {
  held_.clear();
  ++deaths_.host_deaths;
  ++instance_;
  ++life_;
  for (auto& [id, truth] : jobs_) {
    for (Start& start : truth.starts) {
      if (start.end == Start::End::none) {
        start.end = Start::End::died;
        start.ended_usec = now_.wall_usec;
      }
      if (!truth.told) start.host_died_since = true;
    }
    if (!works_[truth.work].is_durable()) truth.is_lost = true;
  }
}

void Oracle::daemon_stopped() {
  held_.clear();
  ++instance_;
  ++life_;
  for (auto& [id, truth] : jobs_)
    if (!works_[truth.work].is_durable()) truth.is_lost = true;
}

void Oracle::broker_recovered(const JobCore& core) {
  core.pools().each([&](const CorePool& pool) {
    if (!pool.starts_jobs()) held_.insert(pool.record.number);
  });
  for (auto& [id, truth] : jobs_) {
    const Job* job = core.find(id);
    if (job == nullptr) {
      require(!was_kept(truth), "job {} is not known to the next broker", id.value);
      truth.is_lost = truth.is_lost || !works_[truth.work].is_durable();
      continue;
    }
    if (!truth.told) continue;
    require(job->state == JobState::done && job->outcome == *truth.told,
            "job {} was told to have ended {}, and is {} {} to the next broker", id.value, to_string(*truth.told), to_string(job->state),
            to_string(job->outcome));
  }
}

Tally Oracle::tally() const {
  Tally tally = deaths_;
  for (const auto& [id, truth] : jobs_) {
    tally.starts += truth.starts.size();
    if (truth.told) ++tally.told[static_cast<std::size_t>(*truth.told)];
  }
  return tally;
}

void Oracle::all_is_quiet(Engine& engine) {
  require(!engine.dispatcher().busy(), "all jobs have ended, and a slot is still in use");
  for (const auto& [id, truth] : jobs_) {
    const Job* job = engine.core().find(id);
    if (truth.may_be_forgotten || truth.is_lost) continue;
    require(job != nullptr, "job {} was accepted, and nothing is left of it", id.value);
    require(truth.told.has_value(), "job {} has ended, and nobody was told", id.value);
    if (!works_[truth.work].is_durable()) continue;
    require(!engine.ledger().has(id), "job {} is in the store, and the ledger keeps it too", id.value);
  }
}

}  // namespace jobpool::simulation
