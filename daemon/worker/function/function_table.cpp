// The table of functions; see the header.
#include "daemon/worker/function/function_table.hpp"

#include <algorithm>

namespace jobpool::worker {
namespace {

constexpr std::size_t kMaxNameBytes = 64;   // as jobpool_task.h says
constexpr std::size_t kMaxNamesShown = 40;  // in one error message

bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.size() <= kMaxNameBytes && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

FunctionTable::Added FunctionTable::add(const jobpool_task& task, Function::Origin origin, const std::string& source) {
  if (task.name == nullptr || task.run == nullptr || !is_name(task.name)) return Added::bad_name;
  const bool is_new = functions_.try_emplace(task.name, Function{task.run, task.data, origin, source}).second;
  return is_new ? Added::yes : Added::duplicate;
}

const Function* FunctionTable::find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

std::string FunctionTable::names() const {
  std::string list;
  std::size_t shown = 0;
  for (const auto& [name, function] : functions_) {
    if (shown++ == kMaxNamesShown) return list + ", …";
    list += (list.empty() ? "" : ", ") + name;
  }
  return list;
}

}  // namespace jobpool::worker
