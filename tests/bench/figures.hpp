// What all benches share: their options, and how figures of several rounds are printed. The only output formats of this folder:
//   RESULT <key> <median> <min> <max> <unit>      over the rounds of one run, one line a figure
// and with --json one object, which `run` reads:
//   {"bench": "…", "figures": [{"key": "…", "unit": "…", "x": 100, "median": 1, "min": 1, "max": 1, "rounds": [1, 1]}], "notes": ["…"]}
// where "x" is there only in a figure that is a point of a curve. Ratios are taken inside each round, so that what disturbs the machine for
// a while disturbs both sides.
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
// --name is there.
bool flag(int argc, char** argv, const std::string& name);

double microseconds_since(Clock::time_point begin);

// Requires: samples are not empty; 0 <= fraction < 1. Reorders the samples.
double percentile(std::vector<double>& samples, double fraction);

// Of so many runs, in microseconds.
double median_of(long times, const std::function<void()>& body);

// How many `units` a second, of so many, that `body` takes all of.
double rate_of(long units, const std::function<void()>& body);

// Of calls one at a time: a p50 and a p99 each round, in microseconds.
struct Latency {
  std::vector<double> p50, p99;

  // A tenth of `calls` goes ahead of the measured ones: the other side ran last, caches and the scheduler's history are its.
  void measure(long calls, const std::function<void()>& call);
  // A round that somebody else has measured.
  void add(std::vector<double> samples);
};

// From here on figures are kept, and printed by finish_report().
void print_as_json(const std::string& bench);
void finish_report();

void print_figure(const std::string& key, std::vector<double> rounds, const std::string& unit);
// A point of the curve `key`, at `x`.
void print_point(const std::string& key, double x, std::vector<double> rounds, const std::string& unit);
// Ours divided by the floor, round by round. Requires: as many rounds of both. Prints nothing when the floor has none: it is not there.
void print_ratio(const std::string& key, const std::vector<double>& ours, const std::vector<double>& floor);
// Something that was not measured, and why.
void print_note(const std::string& text);

// Ends the bench: there is nothing to measure any more. `what` names the thing.
[[noreturn]] void give_up(const std::string& what);

}  // namespace jobpool::bench
