/* An example plugin in plain C: what jobpool_task.h alone can do. Runs in workers. */
#include <jobpool_task.h>
#include <stdio.h>
#include <string.h>

/* length(anything): how many bytes of JSON text its arguments are. */
static void length(const jobpool_call* call, void* data) {
  char text[32];
  int size = snprintf(text, sizeof text, "%zu", call->arguments_length);
  (void)data;
  call->set_result(call, text, (size_t)size);
}

/* whoami(): who runs this call. */
static void whoami(const jobpool_call* call, void* data) {
  char text[128];
  int size = snprintf(text, sizeof text, "{\"job\":%llu,\"attempt\":%u,\"worker\":%u}", (unsigned long long)call->job_id,
                      (unsigned)call->attempt, (unsigned)call->worker);
  (void)data;
  call->set_result(call, text, (size_t)size);
}

/* refuse(): fails with an error type of its own; `data` is what stands in the table. */
static void refuse(const jobpool_call* call, void* data) { call->set_error(call, "Refused", (const char*)data); }

/* broken(): a mistake that the worker finds: this is not JSON. */
static void broken(const jobpool_call* call, void* data) {
  (void)data;
  call->set_result(call, "{oops", 5);
}

static char reason[] = "because it can";
static const jobpool_task tasks[] = {
    {"length", "length(...): bytes of its arguments as JSON text", length, NULL},
    {"whoami", "whoami(): job, attempt and worker", whoami, NULL},
    {"refuse", "refuse(): always fails", refuse, reason},
    {"broken", "broken(): answers with what is not JSON", broken, NULL},
};
static const jobpool_task_table table = {JOBPOOL_TASK_ABI, sizeof tasks / sizeof tasks[0], tasks};

const jobpool_task_table* jobpool_plugin(uint32_t worker_abi) { return worker_abi == JOBPOOL_TASK_ABI ? &table : NULL; }
