// What the service tells of itself: org.varlink.service.
#include "proto/envelope.hpp"
#include "proto/interfaces.hpp"
#include "proto/json_string.hpp"
#include "proto/json_writer.hpp"
#include "proto/version.hpp"

namespace jobpool::proto {

std::string_view interface_description(std::string_view interface) {
  for (const Interface& known : interfaces())
    if (known.name == interface) return known.text;
  return {};
}

std::string service_info() {
  std::string out;
  ObjectWriter info(out);
  info.text("vendor", "jobpool");
  info.text("product", "jobpool");
  info.text("version", version());
  info.text("url", "");  // the interface wants one; there is none yet
  std::string& list = info.key("interfaces");
  char separator = '[';
  for (const Interface& known : interfaces()) {
    list += separator;
    append_json_string(list, known.name);
    separator = ',';
  }
  list += ']';
  info.close();
  return out;
}

}  // namespace jobpool::proto
