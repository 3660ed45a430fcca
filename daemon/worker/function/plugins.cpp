// dlopen with care; see the header.
#include "daemon/worker/function/plugins.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "common/log.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::worker {
namespace {

constexpr std::uint32_t kMaxFunctions = 100'000;  // of one plugin; more is a table that is not one

// Whoever can write a plugin, or swap it in its directory, runs code as the daemon's user.
Result<struct stat> check_writers(int file, const std::string& path) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return errno_error("'" + path + "'");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{Errc::permission_denied,
                 "'" + path + "' belongs to uid " + std::to_string(status.st_uid) + "; it must belong to the daemon's user or to root"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Errc::permission_denied, "'" + path + "' is writable by others; chmod go-w it"};
  return status;
}

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno_error("'" + path + "'");
  if (auto checked = check_writers(directory.get(), path); !checked) return checked.error();
  return directory;
}

std::string through(const UniqueFd& fd) { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd.get()); }

// A plugin that was looked at: nobody else can change it, nor put another in its place.
struct Checked {
  UniqueFd folder;   // where the file itself is, not a link to it
  std::string name;  // in the folder
};

// Errors: permission_denied, not_found, io.
Result<Checked> check_plugin(const std::string& path) {
  // Without O_NONBLOCK a pipe would hold the worker's start up for ever.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return errno_error("'" + path + "'");
  const auto checked = check_writers(file.get(), path);
  if (!checked) return checked.error();
  if (!S_ISREG(checked->st_mode)) return Error{Errc::io, "'" + path + "' does not load: it is no regular file"};
  std::error_code error;
  const auto real = std::filesystem::read_symlink(through(file), error);
  if (error) return Error{Errc::io, "'" + path + "': " + error.message()};
  auto folder = open_directory(real.parent_path().string());
  if (!folder) return Error{folder.error().code, "'" + path + "': " + folder.error().text};
  std::string name = real.filename().string();
  struct stat there {};
  if (::fstatat(folder->get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return errno_error("'" + path + "'");
  if (there.st_dev != checked->st_dev || there.st_ino != checked->st_ino)
    return Error{Errc::io, "'" + path + "' does not load: another file has taken its place"};
  return Checked{std::move(*folder), std::move(name)};
}

// Without the name that the loader was given, which says nothing to anybody.
std::string last_load_error(const std::string& loaded_as) {
  const char* text = ::dlerror();
  std::string_view said = text == nullptr ? "unknown error" : text;
  if (said.starts_with(loaded_as + ": ")) said.remove_prefix(loaded_as.size() + 2);
  return std::string(said);
}

void add_functions(const jobpool_task_table& functions, const std::string& path, FunctionTable& table) {
  for (std::uint32_t i = 0; i < functions.count; ++i) {
    const jobpool_task& task = functions.tasks[i];
    switch (table.add(task, Function::Origin::plugin, path)) {
      case FunctionTable::Added::yes:
        break;
      case FunctionTable::Added::duplicate:
        log::warn("plugin '{}': function '{}' is there already ({}), ignoring this one", path, task.name, table.find(task.name)->source);
        break;
      case FunctionTable::Added::bad_name:
        log::warn("plugin '{}': its function number {} has no code or no usable name (A-Z a-z 0-9 _ . -), ignoring it", path, i + 1);
        break;
    }
  }
}

// Sorted by name, so that "the first stays" means the same in every worker.
std::vector<std::string> plugin_files(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".so") files.push_back(entry->path().string());
  }
  if (error) log::warn("plugin directory '{}': {}, ignoring it", directory, error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<void> load_plugin(const std::string& path, FunctionTable& table) {
  auto checked = check_plugin(path);
  if (!checked) return checked.error();
  using Library = std::unique_ptr<void, int (*)(void*)>;
  // By the folder's descriptor, which was checked, instead of a path on which somebody may have moved a folder meanwhile. It is a folder's
  // so that $ORIGIN means what it should, and this process's (not /proc/self) so that debuggers find the file.
  const std::string name = through(checked->folder) + "/" + checked->name;
  Library library(::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL), &::dlclose);
  if (!library) return Error{Errc::io, "'" + path + "' does not load: " + last_load_error(name)};
  // The loader goes by names: as long as it may have this one, no other plugin may get the number.
  [[maybe_unused]] const int kept_open = checked->folder.release();
  const auto query = reinterpret_cast<decltype(&jobpool_plugin)>(::dlsym(library.get(), "jobpool_plugin"));
  if (query == nullptr) return Error{Errc::unsupported, "'" + path + "' exports no jobpool_plugin; see jobpool_task.h"};
  const jobpool_task_table* functions = query(JOBPOOL_TASK_ABI);
  if (functions == nullptr || functions->abi != JOBPOOL_TASK_ABI)
    return Error{Errc::unsupported, "'" + path + "' has another ABI than this worker's " + std::to_string(JOBPOOL_TASK_ABI) +
                                        "; build it again with this version's headers"};
  if (functions->count > kMaxFunctions || (functions->count != 0 && functions->tasks == nullptr))
    return Error{Errc::unsupported, "'" + path + "' has a broken table of functions"};
  add_functions(*functions, path, table);
  [[maybe_unused]] void* kept_for_ever = library.release();  // the table points into it
  return {};
}

void load_plugins(const std::vector<std::string>& directories, FunctionTable& table) {
  for (const std::string& directory : directories) {
    if (const auto opened = open_directory(directory); !opened) {
      // A directory that is configured by default need not exist.
      if (opened.error().code == Errc::not_found)
        log::debug("plugin directory {}, ignoring it", opened.error().text);
      else
        log::error("plugin directory {}, ignoring it", opened.error().text);
      continue;
    }
    for (const std::string& file : plugin_files(directory))
      if (const auto loaded = load_plugin(file, table); !loaded) log::error("plugin {}, ignoring it", loaded.error().text);
  }
}

}  // namespace jobpool::worker
