// See map_failures.hpp.
#include "client/cli/map_failures.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kMostCountedFailures = 100;  // exit codes up to here are the number of failures, the next one means more
constexpr std::size_t kMostShownFailures = 100;

}  // namespace

std::string shown(const Item& item) {
  std::string text;
  for (const std::string& column : item.columns) text += (text.empty() ? "" : " ") + printable(column);
  return text;
}

MapFailures::MapFailures() {
  table_.column("item", Table::Align::right);
  table_.column("job", Table::Align::right);
  table_.column("exit", Table::Align::right);
  table_.column("of");
  table_.column("why");
}

void MapFailures::add(const MapEnd& end) {
  if (++count_ > kMostShownFailures) return;
  const std::string job = end.job == 0 ? "" : std::to_string(end.job);
  table_.row({{std::to_string(end.item.number)}, {job}, {std::to_string(end.exit_code)}, {shown(end.item)}, {printable(end.why)}});
}

void MapFailures::tell_of(std::size_t all) const {
  if (count_ == 0) return;
  tell(std::to_string(count_) + " of " + std::to_string(all) + " failed:");
  (void)write_all(STDERR_FILENO, table_.text(STDERR_FILENO));
  if (count_ > kMostShownFailures) tell("and " + std::to_string(count_ - kMostShownFailures) + " more");
}

int MapFailures::exit_code() const { return static_cast<int>(std::min(count_, kMostCountedFailures + 1)); }

}  // namespace jobpool::cli
