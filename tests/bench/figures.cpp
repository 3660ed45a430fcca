// See figures.hpp.
#include "tests/bench/figures.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace jobpool::bench {

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

void print_figure(const std::string& key, std::vector<double> rounds, const std::string& unit) {
  std::sort(rounds.begin(), rounds.end());
  std::printf("RESULT %-28s %10.4g %10.4g %10.4g %s\n", key.c_str(), rounds[rounds.size() / 2], rounds.front(), rounds.back(),
              unit.c_str());
  std::fflush(stdout);
}

void print_ratio(const std::string& key, const std::vector<double>& ours, const std::vector<double>& floor) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / floor[i]);
  print_figure(key, std::move(ratios), "x");
}

void give_up(const std::string& what) {
  std::fprintf(stderr, "bench: %s (%s)\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

}  // namespace jobpool::bench
