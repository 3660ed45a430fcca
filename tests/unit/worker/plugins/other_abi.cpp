// A plugin of another age: its ABI version is not this worker's.
#include <jobpool_task.h>

const jobpool_task_table* jobpool_plugin(uint32_t) {
  static const jobpool_task_table table{JOBPOOL_TASK_ABI + 1, 0, nullptr};
  return &table;
}
