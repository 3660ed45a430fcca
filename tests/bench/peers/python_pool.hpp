// Python's multiprocessing.Pool in a process of its own (python_pool.py), asked round by round.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace jobpool::bench {

class PythonPool {
 public:
  // Null, with a note: there is no Python.
  static std::unique_ptr<PythonPool> start(int workers);
  PythonPool(const std::string& python, int workers);
  ~PythonPool();
  PythonPool(const PythonPool&) = delete;
  PythonPool& operator=(const PythonPool&) = delete;

  // A question of python_pool.py, and its figures.
  std::vector<double> ask(const std::string& question, long count);

  // The parent; the workers are its children.
  pid_t pid() const { return pid_; }

 private:
  std::string line();

  pid_t pid_ = -1;
  std::FILE* questions_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace jobpool::bench
