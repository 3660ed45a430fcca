// jobpool process: the verbs behind it, and what they share.
#include "client/cli/process.hpp"

#include <array>

#include "client/cli/tell.hpp"
#include "client/cli/verb_group.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::array<std::string_view, 1> kIsAlive{"is_alive"};
constexpr std::array<std::string_view, 2> kProcessLs{"ls", "active_children"};

constexpr std::array<Verb, 7> kProcessVerbs{{
    {"start", {}, "start one, and print its name", run_process_start},
    {"join", {}, "wait until it has ended", run_process_join},
    {"alive", kIsAlive, "is it alive? (exit 0: yes, 1: no)", run_process_alive},
    {"show", {}, "everything known of it: pid, parent, exit code", run_process_show},
    {"terminate", {}, "send it TERM", run_process_terminate},
    {"kill", {}, "send it KILL", run_process_kill},
    {"list", kProcessLs, "those that are alive", run_process_list},
}};

}  // namespace

std::span<const Verb> process_verbs() { return kProcessVerbs; }

int run_process(Context& context, Words words) {
  return run_verb_group(
      context, words, "process",
      {"process VERB …",
       "Processes outside any pool, as multiprocessing's Process: each has a worker of its own at once. Their output and\n"
       "results are a job's: 'jobpool logs' and 'jobpool get' take the id that 'process show' tells.",
       "name=$(jobpool process start -- ./server) && jobpool process terminate \"$name\""},
      kProcessVerbs);
}

std::string process_name_fault(const std::string& name) {
  if (proto::is_process_name(name)) return {};
  return "'" + printable(name) + "' is no process's name: 1 to 64 letters, digits, '.', '_' or '-'";
}

std::string one_process_fault(const std::vector<std::string>& operands) {
  return operands.size() == 1 ? process_name_fault(operands.front()) : "name one process";
}

}  // namespace jobpool::cli
