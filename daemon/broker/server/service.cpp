// org.varlink.service: GetInfo and GetInterfaceDescription, and the errors every Varlink service gives for unknown targets.
#include "daemon/broker/server/service.hpp"

#include <string>
#include <string_view>

#include "proto/envelope.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {
namespace {

namespace error = proto::error;
constexpr std::string_view kServiceInterface = "org.varlink.service";

void refuse(Call& call, std::string_view name, std::string_view field, std::string_view text) {
  call.error(name, proto::one_field(field, text));
}

void get_info(Call& call) {
  if (const auto read = proto::read_nothing(call.envelope.parameters); !read)
    return refuse(call, error::kInvalidParameter, "parameter", read.error().text);
  call.reply(proto::service_info());
}

void get_interface_description(Call& call) {
  const Result<std::string> name = proto::read_interface_name(call.envelope.parameters);
  if (!name) return refuse(call, error::kInvalidParameter, "parameter", name.error().text);
  const std::string_view text = proto::interface_description(*name);
  if (text.empty()) return refuse(call, error::kInterfaceNotFound, "interface", *name);
  call.reply(proto::one_field("description", text));
}

void answer_service(Call& call, std::string_view method) {
  if (method == "GetInfo") return get_info(call);
  if (method == "GetInterfaceDescription") return get_interface_description(call);
  refuse(call, error::kMethodNotFound, "method", call.envelope.method);
}

}  // namespace

bool answer_without_handler(Call& call) {
  const std::string_view target = call.envelope.method;
  const std::size_t dot = target.rfind('.');
  if (dot == std::string_view::npos || dot == 0) {
    refuse(call, error::kInvalidParameter, "parameter", "method");
    return true;
  }
  const std::string_view interface = target.substr(0, dot);
  if (proto::interface_description(interface).empty()) {
    refuse(call, error::kInterfaceNotFound, "interface", interface);
    return true;
  }
  if (call.envelope.upgrade) {  // no method here turns its connection into something else
    refuse(call, error::kMethodNotImplemented, "method", target);
    return true;
  }
  if (interface != kServiceInterface) return false;
  answer_service(call, target.substr(dot + 1));
  return true;
}

}  // namespace jobpool::broker
