// See python_pool.hpp. Where the script is is told by the build (JOBPOOL_BENCH_DIR).
#include "tests/bench/peers/python_pool.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "tests/bench/figures.hpp"
#include "tests/bench/peers/peer_server.hpp"

namespace jobpool::bench {

std::unique_ptr<PythonPool> PythonPool::start(int workers) {
  const std::string python = installed("python3");
  if (!python.empty()) return std::make_unique<PythonPool>(python, workers);
  print_note("python3 is not installed");
  return nullptr;
}

PythonPool::PythonPool(const std::string& python, int workers) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) give_up("pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const std::string count = std::to_string(workers);
  const char* argv[] = {python.c_str(), JOBPOOL_BENCH_DIR "/peers/python_pool.py", count.c_str(), nullptr};
  errno = ::posix_spawn(&pid_, python.c_str(), &actions, nullptr, const_cast<char* const*>(argv), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (pid_ < 0) give_up(python);
  ::close(in[0]);
  ::close(out[1]);
  questions_ = ::fdopen(in[1], "w");
  answers_ = ::fdopen(out[0], "r");
  if (line() != "ready\n") give_up("python_pool.py did not start");
}

PythonPool::~PythonPool() {
  std::fclose(questions_);
  ::waitpid(pid_, nullptr, 0);
  std::fclose(answers_);
}

std::vector<double> PythonPool::ask(const std::string& question, long count) {
  std::fprintf(questions_, "%s %ld\n", question.c_str(), count);
  std::fflush(questions_);
  std::istringstream words(line());
  std::vector<double> figures;
  for (double figure = 0; words >> figure;) figures.push_back(figure);
  if (figures.empty()) give_up("python_pool.py does not answer " + question);
  return figures;
}

std::string PythonPool::line() {
  char buffer[256];
  return std::fgets(buffer, sizeof(buffer), answers_) == nullptr ? std::string() : buffer;
}

}  // namespace jobpool::bench
