// See chaos_load.hpp. What is drawn: kind, number of retries, and whether a command takes a while.
#include "tests/fault/chaos_load.hpp"

#include <csignal>
#include <utility>

#include "tests/support/catch.hpp"

namespace jobpool::fault {

using namespace testing;

namespace {

// Now and then a job that a death finds in its midst.
std::string drawn_body(std::mt19937& random) { return random() % 8 == 0 ? "sleep 0.02" : ":"; }

std::string call_for(const Submitted& job, const Ledger& ledger, const std::string& body) {
  const std::string name = name_of(job);
  json parameters = {{"name", name}, {"key", name}, {"durable", job.is_durable()}};
  if (job.work == Work::command)
    parameters.update({{"command", ledger.command(name, body)}, {"environment", {std::string("PATH=/usr/bin:/bin")}}});
  else
    parameters.update({{"function", "square"}, {"arguments", "[" + std::to_string(job.number) + "]"}});
  if (job.retries > 0) parameters.update({{"retries", job.retries}, {"backoffUSec", 1'000}});
  return call_text("org.jobpool.Pool.ApplyAsync", {{"job", parameters}});
}

}  // namespace

Submitted PipelinedLoad::draw() {
  Submitted job{random_() % 3 == 0 ? Way::ephemeral : Way::durable, random_() % 2 == 0 ? Work::command : Work::function, ++last_};
  // An ephemeral job that waits for its next attempt is forgotten with its broker: it would show nothing.
  if (job.is_durable() && random_() % 4 == 0) job.retries = 1;
  return job;
}

void PipelinedLoad::submit(unsigned count) {
  if (!client_) connect_and_send_again();
  std::string calls;
  for (; count > 0; --count) {
    const Submitted job = draw();
    const std::string name = name_of(job);
    unanswered_.push_back({name, call_for(job, ledger_, drawn_body(random_))});
    calls += unanswered_.back().text;
    log_.emplace(name, job);
  }
  client_->write(calls);  // a broker that is gone is noticed by who reads
}

void PipelinedLoad::read_down_to(std::size_t count) {
  while (unanswered_.size() > count) {
    if (!client_) connect_and_send_again();
    if (const auto reply = client_->receive())
      note(*reply);
    else
      client_.reset();
  }
}

void PipelinedLoad::note(const json& reply) {
  const std::string name = unanswered_.front().name;
  INFO(name << " was answered " << reply.dump());
  REQUIRE_FALSE(reply.contains("error"));
  log_.at(name).id = reply["parameters"]["id"].get<std::uint64_t>();
  unanswered_.pop_front();
}

void PipelinedLoad::on_daemon_death() {
  while (client_ && !unanswered_.empty()) {
    if (const auto reply = client_->receive())
      note(*reply);
    else
      client_.reset();
  }
  client_.reset();
  // The key of an ephemeral job died with its instance: brought again, it might run twice.
  std::erase_if(unanswered_, [&](const Call& call) { return !log_.at(call.name).is_durable(); });
}

void PipelinedLoad::connect_and_send_again() {
  client_.emplace(daemon_.socket());
  std::string calls;
  for (const Call& call : unanswered_) calls += call.text;
  client_->write(calls);
}

Submitted ClientPrograms::draw() {
  return {random_() % 3 == 0 ? Way::submit : Way::apply, random_() % 4 == 0 ? Work::function : Work::command, ++last_};
}

void ClientPrograms::start() {
  const Submitted job = draw();
  const std::string name = name_of(job);
  std::vector<std::string> words = {job.way == Way::apply ? "apply" : "apply-async", "--name", name};
  if (job.way == Way::submit) words.insert(words.end(), {"--unique", name});
  if (job.work == Work::function) {
    words.insert(words.end(), {"@square", std::to_string(job.number)});
  } else {
    const auto command = ledger_.command(name, drawn_body(random_) + "; echo " + name);
    words.push_back("--");
    words.insert(words.end(), command.begin(), command.end());
  }
  running_.push_back({name, daemon_.start(std::move(words))});
  log_.emplace(name, job);
}

bool ClientPrograms::kill_one() {
  std::vector<Running*> alive;
  for (Running& client : running_)
    if (!client.process.has_ended()) alive.push_back(&client);
  if (alive.empty()) return false;
  Running& client = *alive[random_() % alive.size()];
  client.process.send_signal(SIGKILL);
  const Finished finished = client.process.finish();
  std::erase_if(running_, [&](const Running& each) { return &each == &client; });
  return finished.exit_code == 128 + SIGKILL;
}

void ClientPrograms::note(Running& client) {
  Finished finished = client.process.finish();
  Submitted& job = log_.at(client.name);
  job.exit_code = finished.exit_code;
  job.out = std::move(finished.out);
  job.err = std::move(finished.err);
  if (job.way == Way::submit && job.exit_code == 0) job.id = std::stoull(job.out);
}

void ClientPrograms::collect() {
  for (auto client = running_.begin(); client != running_.end();) {
    if (!client->process.has_ended()) {
      ++client;
      continue;
    }
    note(*client);
    client = running_.erase(client);
  }
}

void ClientPrograms::finish() {
  for (Running& client : running_) note(client);
  running_.clear();
}

}  // namespace jobpool::fault
