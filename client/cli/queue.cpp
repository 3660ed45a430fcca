// jobpool queue: the verbs behind it, and what they share.
#include "client/cli/queue.hpp"

#include <array>

#include "client/cli/tell.hpp"
#include "client/cli/verb_group.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::array<std::string_view, 1> kQueueRemove{"remove"};
constexpr std::array<std::string_view, 1> kQueueLs{"ls"};
constexpr std::array<std::string_view, 2> kTaskDone{"task_done", "task-done"};
constexpr std::array<std::string_view, 1> kQsize{"qsize"};

constexpr std::array<Verb, 11> kQueueVerbs{{
    {"create", {}, "make a queue", run_queue_create},
    {"put", {}, "put items into it, waiting for room", run_queue_put},
    {"get", {}, "take items from it, waiting for the first", run_queue_get},
    {"full", {}, "is it full? (exit 0: yes, 1: no)", run_queue_full},
    {"empty", {}, "is it empty? (exit 0: yes, 1: no)", run_queue_empty},
    {"size", kQsize, "how many items are there", run_queue_size},
    {"done", kTaskDone, "items that were taken are dealt with", run_queue_done},
    {"join", {}, "wait until all items are dealt with", run_queue_join},
    {"delete", kQueueRemove, "end a queue, with what is in it", run_queue_delete},
    {"list", kQueueLs, "the queues", run_queue_list},
    {"show", {}, "everything known of a queue", run_queue_show},
}};

}  // namespace

std::span<const Verb> queue_verbs() { return kQueueVerbs; }

int run_queue(Context& context, Words words) {
  return run_verb_group(
      context, words, "queue",
      {"queue VERB …",
       "Named queues between jobs and clients: first in, first out, bounded or not, as multiprocessing's Queue. Jobs use them as\n"
       "everybody else does: $JOBPOOL_SOCKET is set there.",
       "jobpool queue put mail '{\"to\": 7}' && jobpool queue get mail"},
      kQueueVerbs);
}

std::string queue_name_fault(const std::string& name) {
  if (proto::is_queue_name(name)) return {};
  return "'" + printable(name) + "' is no queue's name: 1 to 64 letters, digits, '.', '_' or '-'";
}

std::string one_queue_fault(const std::vector<std::string>& operands) {
  return operands.size() == 1 ? queue_name_fault(operands.front()) : "name one queue";
}

}  // namespace jobpool::cli
