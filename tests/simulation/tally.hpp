// What came about in many schedules: a run in which some outcome never came proves little of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/outcome.hpp"

namespace jobpool::simulation {

inline constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::poison) + 1;

struct Tally {
  std::array<std::uint64_t, kOutcomes> told{};  // jobs by the outcome that was told
  std::uint64_t starts = 0, broker_deaths = 0, host_deaths = 0;

  void add(const Tally& other) {
    for (std::size_t i = 0; i < kOutcomes; ++i) told[i] += other.told[i];
    starts += other.starts;
    broker_deaths += other.broker_deaths;
    host_deaths += other.host_deaths;
  }
  bool has_every_outcome() const {
    for (const std::uint64_t count : told)
      if (count == 0) return false;
    return true;
  }
  std::string text() const {
    std::string all = std::to_string(starts) + " starts, " + std::to_string(broker_deaths) + " brokers died, " +
                      std::to_string(host_deaths) + " hosts; ended:";
    for (std::size_t i = 0; i < kOutcomes; ++i)
      all += " " + std::to_string(told[i]) + " " + std::string{to_string(static_cast<Outcome>(i))};
    return all;
  }
};

}  // namespace jobpool::simulation
