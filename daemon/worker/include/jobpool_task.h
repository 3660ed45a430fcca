/* jobpool_task.h: the interface between jobpool-worker and a plugin. Plain C, so that any language that can make a shared library can
 * serve functions. C++ has it easier: see jobpool/task.hpp, one line per function.
 *
 * A PLUGIN is a shared library NAME.so in one of the daemon's plugin directories. File and directory must belong to the daemon's user
 * or to root and be writable by nobody else. Each worker loads all of them when it starts (dlopen with RTLD_NOW | RTLD_LOCAL) and asks
 * jobpool_plugin() for the table of its functions. Of two functions with the same name the first stays: directories in the order given,
 * files in the order of their names; built-in functions come before all. A plugin that does not load, has another ABI version or has
 * no table is logged and passed over. Plugins are never unloaded; `jobpool reload` makes fresh workers, which load fresh plugins.
 *
 * A CALL happens in the worker's main thread, one at a time; in a pool with threads, in one of several threads (below). The function gets
 * JSON text and answers with JSON text or an error:
 *
 *     static void add(const jobpool_call *call, void *data) {
 *       ... parse call->arguments ...
 *       call->set_result(call, "42", 2);
 *     }
 *     static const jobpool_task tasks[] = {{"add", "add(a, b): their sum", add, NULL}};
 *     static const jobpool_task_table table = {JOBPOOL_TASK_ABI, 1, tasks};
 *     const jobpool_task_table *jobpool_plugin(uint32_t worker_abi) { return &table; }
 *
 * A function that neither sets a result nor an error has returned null. Of several the last one counts; an error wins over a result.
 *
 * WHAT A FUNCTION SHARES. Functions of one worker share its process, one after the other, as in Python's multiprocessing: statics are
 * seen again by later calls in the same worker, never by other workers. After each call of a plugin's function the worker restores the
 * environment variables, the working directory, the umask and the signal mask. It does not close what the function left open, end
 * threads or children it left running, nor restore signal dispositions. (Commands never see any of these: each is a fresh process.)
 * Children that a function left running belong to the worker: it takes the exit status of those that have ended before it calls the next
 * function, and a command that runs in the same worker takes those that still run with it when it ends.
 * stdin is /dev/null; stdout and stderr go to the daemon's log. SIGINT, SIGTERM, SIGHUP and SIGPIPE do not end a worker.
 *
 * MAPS. `jobpool map` has a function called for several items in one job, one after the other; each call is as described here, but what is
 * restored after a job is restored after the last of them, and job_id and attempt are the same in all.
 *
 * THREADS. A pool made with `--threads K` calls functions in K threads of each worker at the same time, the same one too: they must be
 * thread-safe, and take care of their statics. Nothing of what is said above is restored then but the thread's signal mask, and what one
 * changes the others see at once. job_id is how a function knows its job; environment variables are the process's. The pool's initializer
 * runs once in each worker, before its threads begin: what it sets up is theirs together. A plugin in C++ is to be compiled with the
 * task.hpp that came with this paragraph.
 *
 * A function that crashes, calls exit() or is killed costs its own job and its worker, which is replaced; no other job is lost but those
 * in other threads of the same worker. A thread cannot be killed: one that is to stop, and does not, costs its worker too.
 */
#ifndef JOBPOOL_TASK_H
#define JOBPOOL_TASK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a struct or a rule below changes; worker and plugin must have the same. */
#define JOBPOOL_TASK_ABI 1u

#define JOBPOOL_TASK_EXPORT __attribute__((visibility("default")))

/* One call. Everything in it belongs to the worker and is valid until the function returns. */
typedef struct jobpool_call jobpool_call;
struct jobpool_call {
  uint32_t attempt; /* 1 for the job's first */
  uint32_t worker;  /* the number of this worker, 1 and up */
  uint64_t job_id;

  /* JSON text of an array: the arguments. Not ended by a zero byte. */
  const char* arguments;
  size_t arguments_length;

  /* The name of the pool. Not ended by a zero byte. */
  const char* pool;
  size_t pool_length;

  /* The result, as JSON text; copied. Text that is not JSON makes the job fail with the error type "BadResult". */
  void (*set_result)(const jobpool_call* call, const char* json, size_t length);

  /* The job has failed. Both are UTF-8 and end with a zero byte; copied. `type` is a name for programs, such as "ValueError". */
  void (*set_error)(const jobpool_call* call, const char* type, const char* message);

  /* Not 0: somebody wants the job to stop (cancel, time-out, terminate). A function that runs long should ask now and then, and return
   * with an error of its choice, else its worker is killed when the grace period is over. Cheap: asks the kernel at most every
   * millisecond. */
  int (*should_stop)(const jobpool_call* call);

  /* Sleeps so many microseconds, but not longer than until the job is to stop. Returns as should_stop. */
  int (*sleep)(const jobpool_call* call, int64_t microseconds);

  void* worker_data; /* not for plugins */
};

/* A function. `name`: 1 to 64 of A-Z a-z 0-9 _ . - ; users write it behind an @. `doc`: one line, or NULL. `data` is handed to `run`. */
typedef struct jobpool_task {
  const char* name;
  const char* doc;
  void (*run)(const jobpool_call* call, void* data);
  void* data;
} jobpool_task;

typedef struct jobpool_task_table {
  uint32_t abi; /* JOBPOOL_TASK_ABI of the plugin */
  uint32_t count;
  const jobpool_task* tasks; /* must stay valid for ever */
} jobpool_task_table;

/* Every plugin exports this. `worker_abi`: the worker's JOBPOOL_TASK_ABI. NULL: this plugin cannot serve such a worker. */
JOBPOOL_TASK_EXPORT const jobpool_task_table* jobpool_plugin(uint32_t worker_abi);

#ifdef __cplusplus
}
#endif

#endif
