// What all benches share: their options, and how figures of several rounds are printed. The only output format of this folder:
//   RESULT <key> <median> <min> <max> <unit>      over the rounds of one run, one line a figure
// Ratios are taken inside each round, so that what disturbs the machine for a while disturbs both sides.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace jobpool::bench {

using Clock = std::chrono::steady_clock;

// --name=value on the command line.
long option(int argc, char** argv, const std::string& name, long otherwise);
std::string option(int argc, char** argv, const std::string& name, const std::string& otherwise);

double microseconds_since(Clock::time_point begin);

// Requires: samples are not empty; 0 <= fraction < 1. Reorders the samples.
double percentile(std::vector<double>& samples, double fraction);

// Of so many runs, in microseconds.
double median_of(long times, const std::function<void()>& body);

void print_figure(const std::string& key, std::vector<double> rounds, const std::string& unit);
// Ours divided by the floor, round by round. Requires: as many rounds of both.
void print_ratio(const std::string& key, const std::vector<double>& ours, const std::vector<double>& floor);

// Ends the bench: there is nothing to measure any more. `what` names the thing.
[[noreturn]] void give_up(const std::string& what);

}  // namespace jobpool::bench
