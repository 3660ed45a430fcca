// dlopen with care; see the header.
#include "daemon/worker/function/plugins.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "common/log.hpp"

namespace jobpool::worker {
namespace {

constexpr std::uint32_t kMaxFunctions = 100'000;  // of one plugin; more is a table that is not one

// Whoever can write a plugin, or swap it in its directory, runs code as the daemon's user.
Result<void> check_writers(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error("'" + path + "'");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{Errc::permission_denied,
                 "'" + path + "' belongs to uid " + std::to_string(status.st_uid) + "; it must belong to the daemon's user or to root"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Errc::permission_denied, "'" + path + "' is writable by others; chmod go-w it"};
  return {};
}

std::string last_load_error() {
  const char* text = ::dlerror();
  return text == nullptr ? "unknown error" : text;
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
  if (auto checked = check_writers(path); !checked) return checked.error();
  using Library = std::unique_ptr<void, int (*)(void*)>;
  Library library(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL), &::dlclose);
  if (!library) return Error{Errc::io, "'" + path + "' does not load: " + last_load_error()};
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
    if (const auto checked = check_writers(directory); !checked) {
      // A directory that is configured by default need not exist.
      if (checked.error().code == Errc::not_found)
        log::debug("plugin directory {}, ignoring it", checked.error().text);
      else
        log::error("plugin directory {}, ignoring it", checked.error().text);
      continue;
    }
    for (const std::string& file : plugin_files(directory))
      if (const auto loaded = load_plugin(file, table); !loaded) log::error("plugin {}, ignoring it", loaded.error().text);
  }
}

}  // namespace jobpool::worker
