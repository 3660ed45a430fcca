// GNU parallel's replacement strings: a word of the command with places that each item fills. Pure.
//
//   {}  the item          {1} {2} …  its columns, where there are several inputs
//   {.} without its extension   {/} the base name   {//} the folder   {/.} the base name without extension   ({1.} {1/} {1//} {1/.}
//   likewise)
//   {#} the item's number, from 1   {%} the number of the slot that runs it, from 1; where that is not said, {%} stands for itself
//
// Several items on one command line (map -n N): their columns count on, {1} {2} …, and a word that is {} alone (or {.} {/} {//} {/.})
// becomes a word for each of them; inside a longer word they stand with spaces between.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace jobpool::cli {

struct Item {
  std::vector<std::string> columns;  // at least one
  std::size_t number = 0;            // from 1
  std::size_t slot = 0;              // from 1; 0: not said
  // Of several items on one command line: where the columns of each end; empty: it is one.
  std::vector<std::size_t> ends = {};
};

class Template {
 public:
  // Everything is a template; braces that enclose none of the above stand for themselves.
  explicit Template(const std::vector<std::string>& words);

  // The words with the item in its places; where no word has a place for it, its columns follow the last one.
  std::vector<std::string> fill(const Item& item) const;
  // There are no words: the columns are all.
  bool is_empty() const { return words_.empty(); }

 private:
  enum class Form { whole, no_extension, base_name, folder, bare_name, number, slot };
  struct Place {
    std::string before;  // the text in front of it
    Form form;
    std::size_t column = 0;  // from 1; 0: all, with spaces between
  };
  struct Word {
    std::vector<Place> places;
    std::string rest;
    bool is_for_each() const;
  };

  static Word parse(std::string_view text);
  static bool parse_place(std::string_view inside, Place& place);
  static void fill_for_each(Form form, const Item& item, std::vector<std::string>& filled);
  static std::string value_of(const Place& place, const Item& item);
  static std::string formed(std::string_view text, Form form);

  std::vector<Word> words_;
  bool has_place_for_item_ = false;
};

}  // namespace jobpool::cli
