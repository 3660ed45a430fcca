// The function of the chaos test's maps: leaves the lines in the ledger that a command's shell leaves (tests/support/ledger.hpp).
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <jobpool/task.hpp>
#include <stdexcept>
#include <string>

namespace {

void append_line(const std::string& path, const std::string& line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const bool is_written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) ::close(file);
  if (!is_written) throw std::runtime_error(path + " cannot be written");
}

JOBPOOL_TASK(noted_square, [](const std::string& name, long number, const std::string& path, int milliseconds) {
  append_line(path, "start " + name + "\n");
  ::poll(nullptr, 0, milliseconds);
  append_line(path, "end " + name + "\n");
  return number * number;
});

}  // namespace
