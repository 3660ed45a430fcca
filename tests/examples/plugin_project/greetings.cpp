// A plugin: a C++ function as a job, in one line.   jobpool apply @greet you
#include <jobpool/task.hpp>

#include <string>

JOBPOOL_TASK(greet, [](const std::string& whom) { return "hello, " + whom; });
