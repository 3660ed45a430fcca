// Directories: whose they are, who may write there, on which disk. See checks.hpp.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "client/cli/doctor/checks.hpp"

namespace jobpool::cli::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr std::uint64_t kEnoughBytes = 256 * kMebibyte;

std::string mode_text(mode_t mode) {
  std::string text;
  for (int shift = 9; shift >= 0; shift -= 3) text += static_cast<char>('0' + ((mode >> shift) & 7));
  return text;
}

std::string of_uid(uid_t uid) { return uid == 0 ? "root" : "uid " + std::to_string(uid); }

// Nobody but `uid` and root decides what is there; empty: so it is. Else what is wrong, and how it is mended.
struct Fault {
  std::string text, remedy;
};
Fault writable_by_others(const std::string& path, uid_t uid) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {errno_error(path).text, "make it, or name another one"};
  if (about.st_uid != uid && about.st_uid != 0)
    return {path + " belongs to " + of_uid(about.st_uid), "chown " + std::to_string(uid) + " " + path};
  // In a sticky directory, /tmp say, nobody can put away what is ours.
  const bool is_sticky = S_ISDIR(about.st_mode) && (about.st_mode & S_ISVTX) != 0;
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky)
    return {path + " can be written to by others (mode " + mode_text(about.st_mode & 07777) + ")", "chmod go-w " + path};
  return {};
}

}  // namespace

Finding check_socket_directory(const std::string& socket, uid_t uid) {
  constexpr const char* kCheck = "socket directory";
  const std::string directory = fs::path(socket).parent_path().string();
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0)
    return problem(kCheck, directory + " is not there", "whoever listens makes it: start jobpoold.socket, or jobpoold");
  if (!S_ISDIR(about.st_mode)) return problem(kCheck, directory + " is no directory", "move it away");
  if ((about.st_mode & S_ISVTX) != 0 && (about.st_mode & S_IWOTH) != 0)
    return problem(kCheck, directory + " is everybody's: another user could have put the socket there first",
                   "name a socket in a directory of your own: --socket, $JOBPOOL_SOCKET");
  if (const Fault fault = writable_by_others(directory, uid); !fault.text.empty()) return problem(kCheck, fault.text, fault.remedy);
  return good(kCheck, directory + ", mode " + mode_text(about.st_mode & 07777) + ", of " + of_uid(about.st_uid));
}

Finding check_state_directory(const std::string& directory, uid_t uid) {
  constexpr const char* kCheck = "state directory";
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0)
    return problem(kCheck, errno_error(directory).text, "the daemon makes it when it starts: is its parent writable?");
  if (about.st_uid != uid)
    return problem(kCheck, directory + " belongs to " + of_uid(about.st_uid), "chown -R " + std::to_string(uid) + " " + directory);
  if ((about.st_mode & 077) != 0)
    return problem(kCheck,
                   directory + " is open to others (mode " + mode_text(about.st_mode & 07777) + "): jobs and their output are in it",
                   "chmod 0700 " + directory);
  return good(kCheck, directory + ", for its user alone");
}

Finding check_file_system(const std::string& directory, long magic) {
  constexpr const char* kCheck = "file system";
  struct Kind {
    long magic;
    const char* name;
  };
  // linux/magic.h and statfs(2); those that the store refuses, as far as their number tells.
  static constexpr std::array kRemote{Kind{0x6969, "NFS"},      Kind{0x517B, "SMB"},      Kind{0xFF534D42, "CIFS"},
                                      Kind{0xFE534D42, "SMB2"}, Kind{0x01021997, "9p"},   Kind{0x00C36400, "Ceph"},
                                      Kind{0x5346414F, "AFS"},  Kind{0x6B414653, "AFS"},  Kind{0x0BD00BD0, "Lustre"},
                                      Kind{0x47504653, "GPFS"}, Kind{0x01161970, "GFS2"}, Kind{0x19830326, "BeeGFS"}};
  static constexpr std::array kInMemory{Kind{0x01021994, "tmpfs"}, Kind{0x858458F6, "ramfs"}};
  const auto is_it = [magic](const Kind& kind) { return kind.magic == magic; };
  if (const auto* kind = std::ranges::find_if(kRemote, is_it); kind != kRemote.end())
    return problem(kCheck, directory + " is on " + kind->name + ", where a store cannot be kept safe",
                   "name a directory on a local disk with --state-dir");
  if (const auto* kind = std::ranges::find_if(kInMemory, is_it); kind != kInMemory.end())
    return problem(kCheck, directory + " is in memory (" + kind->name + "): durable jobs do not outlive the host",
                   "name a directory on a disk with --state-dir");
  return good(kCheck, directory + " is on a local disk");
}

Finding check_free_space(const std::string& directory, std::uint64_t free_bytes) {
  constexpr const char* kCheck = "free space";
  const std::string text = std::to_string(free_bytes / kMebibyte) + " MiB free at " + directory;
  if (free_bytes >= kEnoughBytes) return good(kCheck, text);
  return problem(kCheck, text, "make room, or forget ended jobs: jobpool clean --older-than 7d; a full disk refuses new durable jobs");
}

Finding check_ballast(const std::string& directory) {
  constexpr const char* kCheck = "ballast";
  struct stat about {};
  if (::stat((directory + "/ballast").c_str(), &about) != 0)
    return note(kCheck, "there is none in " + directory + ": no store has been opened there yet, or it is not yours to see");
  if (about.st_size > 0)
    return good(kCheck, std::to_string(about.st_size / static_cast<off_t>(kMebibyte)) + " MiB kept for finishing what was accepted");
  return problem(kCheck, "it was given up: the disk is full or was, and new durable jobs are refused",
                 "make room; the daemon makes a new one by itself when it fits");
}

Finding check_plugin_directory(const std::string& directory, uid_t uid) {
  constexpr const char* kCheck = "plugin directory";
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0) return note(kCheck, directory + " is not there: nothing is loaded from it");
  if (const Fault fault = writable_by_others(directory, uid); !fault.text.empty())
    return problem(kCheck, fault.text + ": its plugins are not loaded", fault.remedy);
  std::error_code error;
  std::size_t plugins = 0;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".so") continue;
    ++plugins;
    if (const Fault fault = writable_by_others(entry->path().string(), uid); !fault.text.empty())
      return problem(kCheck, fault.text + ": it is not loaded", fault.remedy);
  }
  if (error) return problem(kCheck, directory + ": " + error.message(), "the daemon's user must be able to read it");
  return good(kCheck, directory + ", " + std::to_string(plugins) + (plugins == 1 ? " plugin" : " plugins"));
}

}  // namespace jobpool::cli::doctor
