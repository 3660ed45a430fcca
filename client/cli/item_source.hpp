// The items of a map: the words behind ::: and the lines of files, combined as GNU parallel does.
//
//   ::: A B      these words            :::: FILE…   the lines of files, - is stdin
//   several inputs: every combination, the last one turning fastest; with :::+ and ::::+ an input is linked to the one before it, item by
//   item (as long as the shorter one)
//
// One input of lines is read as items are asked for, whatever its length; of several, all but the first are kept in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/column_separator.hpp"
#include "client/cli/options.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

// One input.
class Input {
 public:
  virtual ~Input() = default;
  // nullopt: that was all. Errors: io.
  virtual Result<std::optional<std::string>> next() = 0;
  // next() would have to wait for whoever writes this.
  virtual bool would_wait() { return false; }
  // How many there are; nullopt: nobody knows before the end.
  virtual std::optional<std::size_t> count() const { return std::nullopt; }
};

class ItemSource {
 public:
  using Columns = std::vector<std::string>;

  struct Form {
    std::string file = {};                        // -a
    char separator = '\n';                        // between lines
    std::optional<ColumnSeparator> columns = {};  // inside each word or line
  };
  // Takes the inputs off the end of `operands`, so that the command is left. Without any input it is stdin.
  // Errors: invalid_argument (a usage error), not_found and others of a file that cannot be opened.
  static Result<ItemSource> take(std::vector<std::string>& operands, Form form);

  // nullopt: that was all. Errors: io.
  Result<std::optional<Columns>> next();
  bool would_wait();

  // How many there are, where that is known before the end.
  std::optional<std::size_t> count() const;
  // Reads all of them into memory, after which it is known. Before the first next(). Errors: io.
  Result<void> load();

 private:
  struct Group {  // linked inputs
    std::vector<std::unique_ptr<Input>> inputs;
    std::vector<Columns> all;  // when it is loaded: every group but the first is
    bool loaded = false;
    std::size_t at = 0;
  };

  void add(std::unique_ptr<Input> input, bool is_linked);
  Result<void> add_inputs(std::vector<std::string>& operands, char separator);
  Result<void> load(Group& group);
  Result<std::optional<Columns>> read(Group& group) const;
  Result<std::optional<Columns>> next_of_first();
  bool turn();

  std::vector<Group> groups_;
  std::optional<ColumnSeparator> columns_;
  std::optional<Columns> first_;  // of the first group, while the others turn
};

}  // namespace jobpool::cli
