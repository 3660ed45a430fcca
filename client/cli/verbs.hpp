// The table of verbs: names, aliases, and what runs them. One file per verb, named like it.
#pragma once

#include <span>
#include <string_view>

#include "client/cli/context.hpp"

namespace jobpool::cli {

struct Verb {
  std::string_view name;
  std::span<const std::string_view> aliases;
  std::string_view summary;                    // a line of 'jobpool --help'
  int (*run)(Context& context, Words words);   // `words` are those behind the verb; gives the exit code
  std::span<const Verb> (*verbs)() = nullptr;  // of one that has verbs of its own
};

std::span<const Verb> verbs();
std::span<const Verb> pool_verbs();
std::span<const Verb> queue_verbs();
std::span<const Verb> process_verbs();

int run_apply(Context& context, Words words);
int run_apply_async(Context& context, Words words);
int run_map(Context& context, Words words);
int run_imap_unordered(Context& context, Words words);
int run_copy(Context& context, Words words);
int run_get(Context& context, Words words);
int run_wait(Context& context, Words words);
int run_ready(Context& context, Words words);
int run_successful(Context& context, Words words);
int run_status(Context& context, Words words);
int run_list(Context& context, Words words);
int run_show(Context& context, Words words);
int run_logs(Context& context, Words words);
int run_cancel(Context& context, Words words);
int run_kill(Context& context, Words words);
int run_retry(Context& context, Words words);
int run_events(Context& context, Words words);
int run_stats(Context& context, Words words);
int run_top(Context& context, Words words);
int run_metrics(Context& context, Words words);
int run_doctor(Context& context, Words words);
int run_remove(Context& context, Words words);
int run_clean(Context& context, Words words);
int run_queue(Context& context, Words words);
int run_process(Context& context, Words words);
int run_call(Context& context, Words words);
int run_ping(Context& context, Words words);
int run_version(Context& context, Words words);
int run_pool(Context& context, Words words);
int run_close(Context& context, Words words);
int run_terminate(Context& context, Words words);
int run_join(Context& context, Words words);
int run_reload(Context& context, Words words);
int run_shutdown(Context& context, Words words);

}  // namespace jobpool::cli
