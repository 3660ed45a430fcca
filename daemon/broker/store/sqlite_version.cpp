// See sqlite_version.hpp.
#include "daemon/broker/store/sqlite_version.hpp"

#include <sqlite3.h>

namespace jobpool::broker {

std::string sqlite_version() {
  std::string text = std::string{"SQLite "} + sqlite3_libversion();
  for (int i = 0; const char* option = sqlite3_compileoption_get(i); ++i) text.append(" ").append(option);
  return text;
}

}  // namespace jobpool::broker
