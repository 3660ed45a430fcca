// Which kind of thing stands at the end of a line. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/cli/context.hpp"

namespace jobpool::cli {

struct Candidate {
  std::string value, description;
};

struct CompletionPlan {
  enum class Kind { nothing, words, files, directories, commands, ids, unfinished_ids, ended_ids, pools, queues, processes };
  Kind kind = Kind::nothing;
  std::vector<Candidate> words;  // of that kind: all that there are
  std::string prefix;            // of the last word: what stays as it is ("--pool=", "3,")
  std::string typed;             // what is behind that
  std::string socket;            // the one that the line names
};

// `words`: those behind "jobpool", the last one being the one at the cursor.
CompletionPlan plan_completion(Words words);

}  // namespace jobpool::cli
