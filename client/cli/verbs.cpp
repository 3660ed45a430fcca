// The table itself.
#include "client/cli/verbs.hpp"

#include <array>

namespace jobpool::cli {
namespace {

constexpr std::array<std::string_view, 1> kRun{"run"};
constexpr std::array<std::string_view, 2> kSubmit{"submit", "apply_async"};
constexpr std::array<std::string_view, 1> kImap{"imap"};
constexpr std::array<std::string_view, 1> kLs{"ls"};
constexpr std::array<std::string_view, 1> kLog{"log"};

constexpr std::array<Verb, 34> kVerbs{{
    {"apply", kRun, "run a command or a @function and wait for it", run_apply},
    {"apply-async", kSubmit, "submit one and print its id", run_apply_async},
    {"map", kImap, "run a command or a @function for each of many items", run_map},
    {"imap_unordered", {}, "map --stream: what ends first is written first", run_imap_unordered},
    {"copy", {}, "copy a folder with the pool's workers", run_copy},
    {"get", {}, "wait for a job; its output, its result, its exit code", run_get},
    {"wait", {}, "wait until jobs have ended", run_wait},
    {"ready", {}, "has a job ended? (exit 0: yes, 1: no)", run_ready},
    {"successful", {}, "has it ended well? (exit 0: yes, 1: no)", run_successful},
    {"status", {}, "the pools and their counts", run_status},
    {"list", kLs, "the jobs", run_list},
    {"show", {}, "everything known of a job", run_show},
    {"logs", kLog, "a job's output", run_logs},
    {"cancel", {}, "stop jobs for good", run_cancel},
    {"kill", {}, "send a signal to a running command", run_kill},
    {"retry", {}, "submit ended jobs again", run_retry},
    {"events", {}, "what happens to jobs, pools and workers, as it happens", run_events},
    {"stats", {}, "what the daemon has done, in numbers", run_stats},
    {"top", {}, "a live view, with keys", run_top},
    {"metrics", {}, "numbers for a monitoring system, as OpenMetrics text", run_metrics},
    {"doctor", {}, "looks for what is wrong, and says how it is mended", run_doctor},
    {"remove", {}, "forget ended jobs", run_remove},
    {"clean", {}, "forget all ended jobs that fit", run_clean},
    {"pool", {}, "create, list, show, resize, pause, resume, delete pools", run_pool, pool_verbs},
    {"close", {}, "a pool takes no more jobs; its workers leave when all are done", run_close},
    {"terminate", {}, "stop all of a pool's jobs, and its workers", run_terminate},
    {"join", {}, "wait until a closed or terminated pool's workers have left", run_join},
    {"queue", {}, "named queues between jobs and clients", run_queue, queue_verbs},
    {"process", {}, "processes outside any pool: start, join, show, terminate", run_process, process_verbs},
    {"call", {}, "call any method of the protocol", run_call},
    {"ping", {}, "does the daemon answer?", run_ping},
    {"version", {}, "the versions of jobpool and of the daemon", run_version},
    {"reload", {}, "replace the daemon's programs while jobs go on", run_reload},
    {"shutdown", {}, "end the daemon", run_shutdown},
}};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace jobpool::cli
