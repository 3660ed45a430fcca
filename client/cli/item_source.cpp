// See item_source.hpp.
#include "client/cli/item_source.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

namespace jobpool::cli {
namespace {

class WordInput final : public Input {
 public:
  explicit WordInput(std::vector<std::string> words) : words_(std::move(words)) {}
  Result<std::optional<std::string>> next() override {
    if (at_ == words_.size()) return std::optional<std::string>{};
    return std::optional<std::string>{std::move(words_[at_++])};
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

class LineInput final : public Input {
 public:
  LineInput(std::vector<std::string> files, char separator) : files_(std::move(files)), separator_(separator) {}

  // So that a file that is not there is told before anything runs.
  Result<void> open_first() { return open_next(); }

  Result<std::optional<std::string>> next() override {
    while (file_) {
      char* line = nullptr;
      std::size_t room = 0;
      errno = 0;
      const ssize_t length = ::getdelim(&line, &room, separator_, file_.get());
      const std::unique_ptr<char, void (*)(void*)> owned(line, &std::free);
      if (length >= 0) {
        std::string_view text{line, static_cast<std::size_t>(length)};
        if (text.ends_with(separator_)) text.remove_suffix(1);
        return std::optional{std::string{text}};
      }
      if (std::ferror(file_.get()) != 0) return errno_error("read " + name_);
      if (auto opened = open_next(); !opened) return opened.error();
    }
    return std::optional<std::string>{};
  }

 private:
  Result<void> open_next() {
    file_.reset();
    if (at_ == files_.size()) return {};
    name_ = files_[at_++];
    file_.reset(name_ == "-" ? stdin : std::fopen(name_.c_str(), "re"));
    if (!file_) return errno_error(name_);
    return {};
  }

  std::vector<std::string> files_;
  const char separator_;
  std::size_t at_ = 0;
  std::string name_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

Result<std::unique_ptr<Input>> lines_of(std::vector<std::string> files, char separator) {
  auto input = std::make_unique<LineInput>(std::move(files), separator);
  if (auto opened = input->open_first(); !opened) return opened.error();
  return std::unique_ptr<Input>{std::move(input)};
}

bool is_marker(std::string_view word) { return word == ":::" || word == "::::" || word == ":::+" || word == "::::+"; }

}  // namespace

Result<ItemSource> ItemSource::take(std::vector<std::string>& operands, const std::string& file, char separator) {
  ItemSource source;
  if (!file.empty()) {
    auto lines = lines_of({file}, separator);
    if (!lines) return lines.error();
    source.add(std::move(*lines), false);
  }
  auto marker = std::ranges::find_if(operands, is_marker);
  const auto command_end = marker;
  while (marker != operands.end()) {
    const auto next = std::find_if(marker + 1, operands.end(), is_marker);
    std::vector<std::string> words(marker + 1, next);
    const bool is_linked = marker->ends_with('+');
    if (is_linked && source.groups_.empty())
      return Error{Errc::invalid_argument, *marker + " links an input to the one before it, and there is none"};
    if (marker->starts_with("::::")) {
      if (words.empty()) return Error{Errc::invalid_argument, *marker + " is followed by the names of files"};
      auto lines = lines_of(std::move(words), separator);
      if (!lines) return lines.error();
      source.add(std::move(*lines), is_linked);
    } else {
      source.add(std::make_unique<WordInput>(std::move(words)), is_linked);
    }
    marker = next;
  }
  operands.erase(command_end, operands.end());
  if (source.groups_.empty()) {
    auto lines = lines_of({"-"}, separator);
    if (!lines) return lines.error();
    source.add(std::move(*lines), false);
  }
  if (auto loaded = source.load_all_but_first(); !loaded) return loaded.error();
  return source;
}

void ItemSource::add(std::unique_ptr<Input> input, bool is_linked) {
  if (!is_linked) groups_.emplace_back();
  groups_.back().inputs.push_back(std::move(input));
}

Result<std::optional<ItemSource::Columns>> ItemSource::next_of(Group& group) {
  Columns columns;
  for (const auto& input : group.inputs) {
    auto item = input->next();
    if (!item) return item.error();
    if (!*item) return std::optional<Columns>{};
    columns.push_back(std::move(**item));
  }
  return std::optional{std::move(columns)};
}

Result<void> ItemSource::load_all_but_first() {
  for (Group& group : std::span{groups_}.subspan(1))
    for (;;) {
      auto columns = next_of(group);
      if (!columns) return columns.error();
      if (!*columns) break;
      group.all.push_back(std::move(**columns));
    }
  return {};
}

// To the next combination for the same item of the first group. False: there is none.
bool ItemSource::turn() {
  for (std::size_t i = groups_.size(); i-- > 1;) {
    if (++groups_[i].at < groups_[i].all.size()) return true;
    groups_[i].at = 0;
  }
  return false;
}

Result<std::optional<ItemSource::Columns>> ItemSource::next() {
  const bool is_empty = std::ranges::any_of(std::span{groups_}.subspan(1), [](const Group& group) { return group.all.empty(); });
  if (is_empty) return std::optional<Columns>{};
  if (!first_ || !turn()) {
    auto first = next_of(groups_.front());
    if (!first) return first.error();
    first_ = std::move(*first);
    if (!first_) return std::optional<Columns>{};
  }
  Columns columns = *first_;
  for (const Group& group : std::span{groups_}.subspan(1))
    columns.insert(columns.end(), group.all[group.at].begin(), group.all[group.at].end());
  return std::optional{std::move(columns)};
}

}  // namespace jobpool::cli
