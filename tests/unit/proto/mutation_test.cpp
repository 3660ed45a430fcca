// Tens of thousands of messages that are nearly right, always the same ones: none crashes a reader or is taken for another.
#include <random>

#include "tests/support/catch.hpp"
#include "tests/unit/proto/exercise.hpp"
#include "tests/unit/proto/samples.hpp"

using namespace std::string_literals;
using jobpool::proto::all_samples;
using jobpool::proto::exercise;

namespace {

// Pieces that have a meaning to some reader, or are at the edge of one.
const std::vector<std::string> kPieces{"\"",
                                       "\\",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "null",
                                       "true",
                                       "false",
                                       "0",
                                       "-1",
                                       "1.5",
                                       "9223372036854775808",
                                       "1e400",
                                       "\\u0000",
                                       "\\ud800",
                                       "\\udc00",
                                       "\\ud83d\\ude00",
                                       "\0"s,
                                       "\xC0\x80",
                                       "\xED\xA0\x80",
                                       "\xFF",
                                       "就",
                                       " ",
                                       "\n",
                                       "\"job\":",
                                       "\"id\":",
                                       "\"more\":true,",
                                       "\"x\":1,",
                                       "Base64",
                                       "====",
                                       "\"ids\":[],",
                                       "\xEF\xBB\xBF"};

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }  // uneven by a trifle, but the same on every platform

  void mutate(std::string& text, const std::string& other) {
    const std::size_t at = below(text.size() + 1), length = std::min(below(12), text.size() - at);
    switch (below(6)) {
      case 0:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.replace(at, length, kPieces[below(kPieces.size())]);
        break;
      case 3:
        text.insert(below(text.size() + 1), text.substr(at, below(60)));
        break;
      case 4:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      default:
        text.replace(at, std::string::npos, other.substr(below(other.size() + 1)));
        break;
    }
  }

 private:
  std::mt19937 random_;
};

}  // namespace

#if defined(JOBPOOL_ASAN)
constexpr int kRounds = 10'000;  // there fuzz_messages does the same with more
#else
constexpr int kRounds = 60'000;
#endif

TEST_CASE("messages with random faults crash nobody and are read as they are") {
  const auto samples = all_samples();
  Mutator mutator(20'240'607);
  for (int round = 0; round < kRounds; ++round) {
    std::string message = samples[mutator.below(samples.size())].message;
    for (std::size_t faults = 1 + mutator.below(3); faults > 0; --faults)
      mutator.mutate(message, samples[mutator.below(samples.size())].message);
    const std::string complaint = exercise(message);
    if (!complaint.empty()) FAIL(complaint << "\nround " << round << ": " << message);
  }
  SUCCEED();
}
