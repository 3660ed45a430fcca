// See chaos_maps.hpp. What is drawn: durable or not, and the number of items.
#include "tests/fault/chaos_maps.hpp"

#include <poll.h>

#include <iterator>

#include "tests/support/catch.hpp"

namespace jobpool::fault {

using namespace testing;

namespace {

constexpr int kFewestItems = 4;
constexpr int kMoreItems = 12;  // at most so many

std::string chunk_name(const std::string& map, std::int64_t number) { return map + '-' + std::to_string(number); }

}  // namespace

void MapLoad::start() {
  const Way way = random_() % 2 == 0 ? Way::durable_map : Way::ephemeral_map;
  Map& map = maps_.emplace_back(Map{way, static_cast<char>(way) + std::to_string(++last_), {}});
  const auto items = static_cast<std::int64_t>(kFewestItems + random_() % (kMoreItems + 1));
  for (std::int64_t number = 0; number < items; ++number) {
    log_.emplace(chunk_name(map.name, number), Submitted{way, Work::chunk, number});
    map.untold.insert(number);
  }
  send(map);
}

void MapLoad::send(Map& map) {
  json chunks = json::array();
  for (const std::int64_t number : map.untold) {
    const int milliseconds = number % 8 == 3 ? 20 : 0;  // now and then one that a death finds in its midst
    const json item = {chunk_name(map.name, number), number, ledger_.path(), milliseconds};
    chunks.push_back({{"number", number}, {"items", json::array({item}).dump()}});
  }
  const json job = {{"name", map.name}, {"key", map.name}, {"function", "noted_square"}, {"durable", map.way == Way::durable_map}};
  map.client.emplace(daemon_.socket());
  map.client->write(call_text("org.jobpool.Pool.ApplyAll", {{"job", job}, {"chunks", std::move(chunks)}}, {{"more", true}}));
}

bool MapLoad::read_one(Map& map) {
  const auto reply = map.client->receive();
  if (!reply) {
    map.client.reset();
    return false;
  }
  INFO(map.name << " was answered " << reply->dump());
  REQUIRE_FALSE(reply->contains("error"));
  for (const json& one : (*reply)["parameters"]["endings"]) note(map, one);
  CHECK(reply->value("continues", false) == !map.untold.empty());
  return true;
}

void MapLoad::note(Map& map, const json& told) {
  const std::int64_t number = told["number"];
  CHECK(map.untold.erase(number) == 1);  // else it was told twice
  REQUIRE(told.contains("ending"));
  Submitted& job = log_.at(chunk_name(map.name, number));
  job.told = told["ending"];
  if (job.is_durable()) job.id = job.told["id"].get<std::uint64_t>();  // an ephemeral one is forgotten once it has been told
}

void MapLoad::abandon_one() {
  if (maps_.empty()) return;
  const auto map = std::next(maps_.begin(), static_cast<std::ptrdiff_t>(random_() % maps_.size()));
  for (const std::int64_t number : map->untold) log_.at(chunk_name(map->name, number)).is_abandoned = true;
  maps_.erase(map);
}

void MapLoad::collect() {
  for (Map& map : maps_) {
    if (!map.client) send(map);
    pollfd readable{map.client->fd(), POLLIN, 0};
    if (::poll(&readable, 1, 0) == 1) read_one(map);
  }
  std::erase_if(maps_, [](const Map& map) { return map.untold.empty(); });
}

void MapLoad::finish() {
  for (Map& map : maps_)
    while (!map.untold.empty()) {
      if (!map.client) send(map);
      read_one(map);
    }
  maps_.clear();
}

void MapLoad::on_daemon_death() {
  for (Map& map : maps_)
    while (map.client && !map.untold.empty()) read_one(map);
  // The keys of ephemeral jobs died with their instance: brought again, they might run twice.
  std::erase_if(maps_, [](const Map& map) { return map.untold.empty() || map.way == Way::ephemeral_map; });
  for (Map& map : maps_) map.client.reset();
}

}  // namespace jobpool::fault
