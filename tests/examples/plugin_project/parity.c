/* A plugin in C: reads its arguments, JSON text, by itself.   jobpool apply @is_even 4 */
#include <jobpool_task.h>
#include <stdlib.h>
#include <string.h>

static void is_even(const jobpool_call* call, void* data) {
  char text[24] = "";
  char* end = text;
  (void)data;
  if (call->arguments_length >= 3 && call->arguments_length - 2 < sizeof text) {
    memcpy(text, call->arguments + 1, call->arguments_length - 2); /* without its brackets */
  }
  const long number = strtol(text, &end, 10);
  if (end == text || *end != 0) return call->set_error(call, "TypeError", "is_even takes one integer");
  if (number % 2 == 0) return call->set_result(call, "true", 4);
  call->set_result(call, "false", 5);
}

static const jobpool_task tasks[] = {{"is_even", "is_even(number)", is_even, NULL}};
static const jobpool_task_table table = {JOBPOOL_TASK_ABI, 1, tasks};

const jobpool_task_table* jobpool_plugin(uint32_t worker_abi) { return worker_abi == JOBPOOL_TASK_ABI ? &table : NULL; }
