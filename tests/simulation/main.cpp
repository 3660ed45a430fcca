// simulate: many seeded schedules, or one of them again with every step told. See README.md.
//
//   simulate [--schedules N] [--nightly N] [--from-seed S] [--steps N]   exit 0: all held; 1: one did not, its seed and steps are printed
//   simulate --seed S [--steps N] [--mutant NAME]                        that one alone, likewise
//   simulate --mutant NAME [--schedules N] [--from-seed S] [--steps N]   exit 0: the mistake was caught; 1: it was not
//
// Environment: JOBPOOL_TEST_SIZE=nightly takes the number behind --nightly, where there is one, and other seeds every day.
#include <malloc.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "common/log.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {
namespace {

constexpr std::size_t kUsualSteps = 60;
constexpr std::uint64_t kTellingSchedules = 50'000;  // so many without one of the outcomes do not happen by chance

struct Options {
  std::uint64_t schedules = 1'000, nightly = 0, from_seed = 1, steps = kUsualSteps;
  std::optional<std::uint64_t> seed;
  Mutant mutant = Mutant::none;
};

volatile std::sig_atomic_t seed_high, seed_low;  // of the schedule that runs, for the handler below

// A broken invariant of the programs aborts: say whose seed that was, and die of it.
void tell_seed_and_die(int signal) {
  std::uint64_t seed = static_cast<std::uint64_t>(static_cast<std::uint32_t>(seed_high)) << 32 | static_cast<std::uint32_t>(seed_low);
  char text[64] = "simulate: died in the schedule of seed ";
  std::size_t end = std::string_view{text}.size();
  char digits[20];
  std::size_t count = 0;
  do digits[count++] = static_cast<char>('0' + seed % 10);
  while ((seed /= 10) > 0);
  while (count > 0) text[end++] = digits[--count];
  text[end++] = '\n';
  if (::write(STDERR_FILENO, text, end) < 0) std::_Exit(2);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::optional<std::string> violation_of(Memory& memory, std::uint64_t seed, const Options& options, const Trace& trace, Tally& tally) {
  seed_high = static_cast<std::sig_atomic_t>(seed >> 32);
  seed_low = static_cast<std::sig_atomic_t>(seed & 0xffffffffU);
  try {
    tally.add(run_schedule(memory, seed, options.steps, options.mutant, trace));
    return std::nullopt;
  } catch (const Violation& violation) {
    return violation.what;
  }
}

int replay(Memory& memory, std::uint64_t seed, const Options& options) {
  std::printf("seed %llu:\n", static_cast<unsigned long long>(seed));
  Tally tally;
  const auto violation = violation_of(memory, seed, options, Trace{Trace::Lines::all}, tally);
  if (!violation) {
    std::printf("seed %llu: every promise held\n", static_cast<unsigned long long>(seed));
    return 0;
  }
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation->c_str());
  return 1;
}

// The first seed that breaks a promise.
std::optional<std::uint64_t> find_violation(Memory& memory, const Options& options, Tally& tally) {
  const Trace silent{Trace::Lines::none};
  for (std::uint64_t i = 0; i < options.schedules; ++i)
    if (violation_of(memory, options.from_seed + i, options, silent, tally)) return options.from_seed + i;
  return std::nullopt;
}

int run(const Options& options) {
  Memory memory;
  if (options.seed) return replay(memory, *options.seed, options);
  Tally tally;
  const auto broken = find_violation(memory, options, tally);
  if (broken) replay(memory, *broken, options);
  if (options.mutant != Mutant::none) {
    std::printf(broken ? "the mistake was caught\n" : "the mistake was not caught in %llu schedules\n",
                static_cast<unsigned long long>(options.schedules));
    return broken ? 0 : 1;
  }
  if (broken) return 1;
  std::printf("%llu schedules from seed %llu: every promise held\n%s\n", static_cast<unsigned long long>(options.schedules),
              static_cast<unsigned long long>(options.from_seed), tally.text().c_str());
  if (options.schedules < kTellingSchedules || tally.has_every_outcome()) return 0;
  std::printf("that proves little: some outcome never came\n");
  return 1;
}

// What was looked at yesterday need not be looked at again.
void make_nightly(Options& options) {
  const char* size = std::getenv("JOBPOOL_TEST_SIZE");
  if (options.nightly == 0 || size == nullptr || !std::string_view{size}.starts_with("nightly")) return;
  constexpr std::uint64_t kSeedsOfADay = 1'000'000'000, kSecondsOfADay = 86'400;
  options.schedules = options.nightly;
  options.from_seed += static_cast<std::uint64_t>(std::time(nullptr)) / kSecondsOfADay * kSeedsOfADay;
}

std::optional<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Options> options_from(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i], value = words[i + 1];
    if (name == "--mutant") {
      const auto mutant = mutant_from(value);
      if (!mutant) return std::nullopt;
      options.mutant = *mutant;
      continue;
    }
    const auto number = number_from(value);
    if (!number) return std::nullopt;
    if (name == "--schedules")
      options.schedules = *number;
    else if (name == "--nightly")
      options.nightly = *number;
    else if (name == "--from-seed")
      options.from_seed = *number;
    else if (name == "--steps")
      options.steps = *number;
    else if (name == "--seed")
      options.seed = number;
    else
      return std::nullopt;
  }
  return count % 2 == 1 ? std::optional{options} : std::nullopt;
}

}  // namespace
}  // namespace jobpool::simulation

int main(int count, char** words) {
  using namespace jobpool::simulation;
  auto options = options_from(count, words);
  if (!options || !jobpool::start_logging("simulate", "off")) {
    std::fprintf(stderr, "usage: simulate [--schedules N] [--nightly N] [--from-seed S] [--seed S] [--steps N] [--mutant NAME]\n");
    return 2;
  }
  make_nightly(*options);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);  // what a schedule gives back the next one takes
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) std::signal(signal, tell_seed_and_die);
  return run(*options);
}
