// Making, writing and reading an instance's record.
#include "daemon/supervisor/instance.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include "common/clock.hpp"
#include "daemon/supervisor/files.hpp"
#include "daemon/supervisor/process_scan.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::string_view kInstanceMagic = "jobpool-instance";
constexpr std::size_t kIdBytes = 16;

std::string hexadecimal(const std::array<unsigned char, kIdBytes>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool is_id(std::string_view text) {
  return text.size() == 2 * kIdBytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<Instance> new_instance() {
  std::array<unsigned char, kIdBytes> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return errno_error("getrandom");
  auto boot_id = read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64);
  if (!boot_id) return boot_id.error();
  boot_id->erase(std::find_if(boot_id->begin(), boot_id->end(), [](char letter) { return letter == '\n'; }), boot_id->end());
  const auto self = process_status(::getpid());
  if (!self) return Error{Errc::io, "/proc/self/stat: cannot be read; is /proc mounted?"};
  return Instance{hexadecimal(bytes), *boot_id, ::getpid(), self->start_time, boot_usec(), {}};
}

std::string to_text(const Instance& instance) {
  std::ostringstream text;
  text << kInstanceMagic << " 1 " << instance.id << ' ' << instance.boot_id << ' ' << instance.pid << ' ' << instance.start_time;
  if (!instance.cgroup.empty()) text << ' ' << std::quoted(instance.cgroup);
  text << '\n';
  return text.str();
}

Result<Instance> instance_from(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string magic;
  int version = 0;
  Instance instance;
  words >> magic >> version >> instance.id >> instance.boot_id >> instance.pid >> instance.start_time;
  if (!words || magic != kInstanceMagic || version != 1 || !is_id(instance.id)) {
    return Error{Errc::protocol, "instance file: not written by this kind of daemon"};
  }
  if (!(words >> std::quoted(instance.cgroup))) instance.cgroup.clear();
  return instance;
}

}  // namespace jobpool::supervisor
