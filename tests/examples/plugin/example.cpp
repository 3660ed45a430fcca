// An example plugin: C++ functions as jobs, one line each. Runs in workers.
//
//   jobpool apply @cube 3                       27
//   jobpool apply @join '["a","b"]' '"-"'       "a-b"
//   jobpool pool create translators -j 2 --init @learn '{"yes":"oui"}'
//   jobpool apply --pool translators @translate yes       "oui"
//   jobpool apply @divide 1 0                   fails: std::domain_error: division by zero
#include <jobpool/task.hpp>

#include <algorithm>
#include <map>
#include <sstream>

namespace {

JOBPOOL_TASK(cube, [](long x) { return x * x * x; });

JOBPOOL_TASK(add, [](double a, double b) { return a + b; });

// Any JSON goes in and out as it is.
JOBPOOL_TASK(size, [](const nlohmann::json& value) { return value.size(); });

// A parameter that may be left out.
JOBPOOL_TASK(join, [](const std::vector<std::string>& words, const std::optional<std::string>& glue) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : glue.value_or(" ")) + word;
  return text;
});

// An exception fails the job with its type and text; the worker lives on.
double divide(double a, double b) {
  if (b == 0) throw std::domain_error("division by zero");
  return a / b;
}
JOBPOOL_TASK_WITH_DOC(divide, "divide(a, b): a / b", divide);

// An initializer fills what later jobs of the same worker use.
std::map<std::string, std::string> vocabulary;
JOBPOOL_TASK(learn, [](const std::map<std::string, std::string>& words) { vocabulary = words; });
JOBPOOL_TASK(translate, [](const std::string& word) { return vocabulary.at(word); });

// A pool's --memory says how much is too much.
JOBPOOL_TASK(allocate, [](std::size_t bytes) { return std::vector<char>(bytes, 'x').size(); });

// An object is the result.
std::map<std::string, int> word_count(const std::string& text) {
  std::map<std::string, int> counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  return counts;
}
JOBPOOL_TASK(word_count, word_count);

// A long one asks now and then whether it is to stop.
long primes_below(long limit) {
  long count = 0;
  for (long candidate = 2; candidate < limit; ++candidate) {
    if (jobpool::should_stop()) throw jobpool::TaskError("Stopped", "stopped at " + std::to_string(candidate));
    bool is_prime = true;
    for (long divisor = 2; is_prime && divisor * divisor <= candidate; ++divisor) is_prime = candidate % divisor != 0;
    count += is_prime;
  }
  return count;
}
JOBPOOL_TASK(primes_below, primes_below);

// A void function returns null.
JOBPOOL_TASK(nothing, [] {});

// Statics live as long as the worker, as in Python's multiprocessing: another worker counts for itself.
JOBPOOL_TASK(calls_in_this_worker, [] {
  static long calls = 0;
  return ++calls;
});

}  // namespace
