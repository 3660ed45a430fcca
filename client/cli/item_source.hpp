// The items of a map: the words behind ::: and the lines of files, combined as GNU parallel does.
//
//   ::: A B      these words            :::: FILE…   the lines of files, - is stdin
//   several inputs: every combination, the last one turning fastest; with :::+ and ::::+ an input is linked to the one before it, item by
//   item (as long as the shorter one)
//
// One input of lines is read as items are asked for, whatever its length; of several, all but the first are kept in memory.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/options.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

// One input.
class Input {
 public:
  virtual ~Input() = default;
  // nullopt: that was all. Errors: io.
  virtual Result<std::optional<std::string>> next() = 0;
};

class ItemSource {
 public:
  using Columns = std::vector<std::string>;

  // Takes the inputs off the end of `operands`, so that the command is left. `file`: -a; `separator`: between lines.
  // Without any input it is stdin. Errors: invalid_argument (a usage error), not_found and others of a file that cannot be opened.
  static Result<ItemSource> take(std::vector<std::string>& operands, const std::string& file, char separator);

  // nullopt: that was all. Errors: io.
  Result<std::optional<Columns>> next();

 private:
  struct Group {  // linked inputs
    std::vector<std::unique_ptr<Input>> inputs;
    std::vector<Columns> all;  // of every group but the first
    std::size_t at = 0;
  };

  void add(std::unique_ptr<Input> input, bool is_linked);
  Result<void> load_all_but_first();
  static Result<std::optional<Columns>> next_of(Group& group);
  bool turn();

  std::vector<Group> groups_;
  std::optional<Columns> first_;  // of the first group, while the others turn
};

}  // namespace jobpool::cli
