// See figures.hpp.
#include "tests/bench/figures.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace jobpool::bench {
namespace {

// What is printed at the end; nothing while lines are printed as they come.
std::optional<nlohmann::json>& report() {
  static std::optional<nlohmann::json> kept;
  return kept;
}

void print(const std::string& key, std::optional<double> x, const std::vector<double>& rounds, const std::string& unit) {
  std::vector<double> sorted = rounds;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  const double median = sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  if (auto& kept = report()) {
    nlohmann::json figure{{"key", key},           {"unit", unit},    {"median", median}, {"min", sorted.front()},
                          {"max", sorted.back()}, {"rounds", rounds}};
    if (x) figure["x"] = *x;
    (*kept)["figures"].push_back(std::move(figure));
    return;
  }
  char at[32] = "";
  if (x) std::snprintf(at, sizeof(at), "@%.7g", *x);
  std::printf("RESULT %-28s %10.4g %10.4g %10.4g %s\n", (key + at).c_str(), median, sorted.front(), sorted.back(), unit.c_str());
  std::fflush(stdout);
}

}  // namespace

std::string option(int argc, char** argv, const std::string& name, const std::string& otherwise) {
  const std::string prefix = "--" + name + "=";
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]).starts_with(prefix)) return argv[i] + prefix.size();
  }
  return otherwise;
}

long option(int argc, char** argv, const std::string& name, long otherwise) {
  return std::atol(option(argc, argv, name, std::to_string(otherwise)).c_str());
}

bool flag(int argc, char** argv, const std::string& name) {
  return std::any_of(argv + 1, argv + argc, [&](const char* word) { return word == "--" + name; });
}

double microseconds_since(Clock::time_point begin) { return std::chrono::duration<double, std::micro>(Clock::now() - begin).count(); }

double percentile(std::vector<double>& samples, double fraction) {
  const auto nth = samples.begin() + static_cast<std::ptrdiff_t>(fraction * static_cast<double>(samples.size()));
  std::nth_element(samples.begin(), nth, samples.end());
  return *nth;
}

double median_of(long times, const std::function<void()>& body) {
  std::vector<double> samples;
  for (long i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    body();
    samples.push_back(microseconds_since(begin));
  }
  return percentile(samples, 0.5);
}

double rate_of(long units, const std::function<void()>& body) {
  const auto begin = Clock::now();
  body();
  return static_cast<double>(units) * 1e6 / microseconds_since(begin);
}

void Latency::measure(long calls, const std::function<void()>& call) {
  std::vector<double> samples;
  samples.reserve(static_cast<std::size_t>(calls));
  for (long i = 0; i < calls / 10; ++i) call();
  for (long i = 0; i < calls; ++i) {
    const auto begin = Clock::now();
    call();
    samples.push_back(microseconds_since(begin));
  }
  add(std::move(samples));
}

void Latency::add(std::vector<double> samples) {
  p50.push_back(percentile(samples, 0.50));
  p99.push_back(percentile(samples, 0.99));
}

void print_as_json(const std::string& bench) {
  report() = nlohmann::json{{"bench", bench}, {"figures", nlohmann::json::array()}, {"notes", nlohmann::json::array()}};
}

void finish_report() {
  if (const auto& kept = report()) std::printf("%s\n", kept->dump().c_str());
  std::fflush(stdout);
}

void print_figure(const std::string& key, std::vector<double> rounds, const std::string& unit) { print(key, std::nullopt, rounds, unit); }

void print_point(const std::string& key, double x, std::vector<double> rounds, const std::string& unit) { print(key, x, rounds, unit); }

void print_ratio(const std::string& key, const std::vector<double>& ours, const std::vector<double>& floor) {
  if (floor.empty()) return;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / floor[i]);
  print_figure(key, std::move(ratios), "x");
}

void print_note(const std::string& text) {
  if (auto& kept = report()) {
    (*kept)["notes"].push_back(text);
  } else {
    std::printf("NOTE %s\n", text.c_str());
  }
}

void give_up(const std::string& what) {
  std::fprintf(stderr, "bench: %s (%s)\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

}  // namespace jobpool::bench
