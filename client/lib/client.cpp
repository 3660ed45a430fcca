// Client: who holds the connections.
#include "jobpool/client.hpp"

#include "client/lib/address.hpp"
#include "client/lib/pool_info.hpp"
#include "client/lib/raise.hpp"

namespace jobpool {

Client::Client() : connections_(std::make_shared<client::Connections>(client::plan_socket("", client::surroundings()).candidates)) {}
Client::Client(std::string socket) : connections_(std::make_shared<client::Connections>(std::vector<std::string>{std::move(socket)})) {}

Pool Client::pool(std::string name) const { return Pool{connections_, std::move(name)}; }
MapResult Client::map_result(std::uint64_t id) const { return MapResult{connections_, job(id)}; }

Pool Client::create_pool(std::string name, const PoolOptions& options) const {
  client::ask(*connections_, "org.jobpool.Pool.Create", proto::write_create_pool(client::create_request(name, options)),
              client::Resend::never);
  return pool(std::move(name));
}

std::vector<PoolInfo> Client::pools() const {
  const proto::JsonObject answer = client::ask(*connections_, "org.jobpool.Pool.List", "{}", client::Resend::always);
  std::vector<PoolInfo> pools;
  for (const proto::PoolInfo& pool : client::value_or_raise(proto::read_pools(answer))) pools.push_back(client::pool_info(pool));
  return pools;
}

void Client::delete_pool(const std::string& name) const {
  client::ask(*connections_, "org.jobpool.Pool.Delete", proto::write_pool_name(name), client::Resend::never);
}

AsyncResult Client::job(std::uint64_t id) const { return AsyncResult{connections_, id}; }

Client::Daemon Client::hello() const {
  const proto::JsonObject answer = client::ask(*connections_, "org.jobpool.Pool.Hello", "{}", client::Resend::always);
  proto::Hello hello = client::value_or_raise(proto::read_hello(answer));
  return Daemon{std::move(hello.version), std::move(hello.instance), hello.supervisor_pid, hello.broker_pid};
}

std::string Client::call(std::string_view method, std::string_view parameters) const {
  return client::ask(*connections_, method, parameters, client::Resend::never)
      .tree()
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace jobpool
