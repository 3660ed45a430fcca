// What every verb has: the common options and the way to the daemon. One per process, single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/options.hpp"
#include "client/lib/connections.hpp"
#include "client/lib/recovering_call.hpp"
#include "client/lib/timed_call.hpp"
#include "common/ids.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

class Context {
 public:
  std::string socket;
  bool json = false;
  bool no_autostart = false;
  // Set: the verb is only to tell what its options are. It parses no words, and does nothing.
  std::function<void(const VerbText&)> on_described;

  // Whether a verb makes sense without a daemon that was there before it.
  enum class Daemon { start_if_missing, must_run };

  // Connects, starting the user's socket unit or a private daemon where that is wanted and allowed. Errors: as Connections::take, but io
  // where nobody answers in time; what the daemon's start ended with. The connections live as long as the context.
  Result<client::Connections*> connect(Daemon daemon = Daemon::start_if_missing);

  // A question that the daemon answers at once. An error of the daemon is an Error here; io: it has not answered in a minute.
  Result<client::Reply> ask(std::string_view method, std::string_view parameters, client::Resend resend = client::Resend::always,
                            Daemon daemon = Daemon::start_if_missing);
  // A call that takes as long as it takes.
  Result<client::Reply> wait(std::string_view method, std::string_view parameters, client::Resend resend);
  // One that takes no longer than `timeout` says; nullopt: as long as it takes. `write`: see client/lib/timed_call.hpp.
  Result<client::Reply> wait(std::string_view method, std::optional<Microseconds> timeout, const client::WriteTimed& write,
                             client::Resend resend = client::Resend::always);
  // The same two; an error of the daemon is a reply, for those who want more of it than its sentence.
  Result<client::Reply> hear(std::string_view method, std::string_view parameters, client::Resend resend);
  Result<client::Reply> hear(std::string_view method, std::optional<Microseconds> timeout, const client::WriteTimed& write,
                             client::Resend resend = client::Resend::always);
  // ApplyAsync. `fds` are lent. Errors: interrupted, where nobody knows whether it was accepted.
  Result<client::Reply> submit(const proto::Submission& job, const std::vector<int>& fds);
  // A stream: `take` gets each reply's parameters. Errors: those of `take` too.
  Result<void> stream(std::string_view method, std::string_view parameters, const std::function<Result<void>(proto::JsonText)>& take);

  // The jobs that the words select; asks the daemon for the list only where the words need it.
  Result<std::vector<JobId>> select(Words words);
  // For a verb that says them all in one call. Errors: invalid_argument: there are more than that takes.
  Result<std::vector<JobId>> select_for_one_call(Words words);
  // Exactly one. Errors: invalid_argument: it is several.
  Result<JobId> select_one(const std::string& word);

 private:
  Result<std::vector<JobId>> all_ids();

  std::unique_ptr<client::Connections> connections_;
};

}  // namespace jobpool::cli
