// See item_source.hpp.
#include "client/cli/item_source.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "client/cli/line_input.hpp"

namespace jobpool::cli {
namespace {

class WordInput final : public Input {
 public:
  explicit WordInput(std::vector<std::string> words) : words_(std::move(words)) {}
  Result<std::optional<std::string>> next() override {
    if (at_ == words_.size()) return std::optional<std::string>{};
    return std::optional<std::string>{std::move(words_[at_++])};
  }
  std::optional<std::size_t> count() const override { return words_.size(); }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

bool is_marker(std::string_view word) { return word == ":::" || word == "::::" || word == ":::+" || word == "::::+"; }

}  // namespace

Result<ItemSource> ItemSource::take(std::vector<std::string>& operands, Form form) {
  ItemSource source;
  source.columns_ = std::move(form.columns);
  if (!form.file.empty()) {
    auto lines = lines_of({form.file}, form.separator);
    if (!lines) return lines.error();
    source.add(std::move(*lines), false);
  }
  if (auto added = source.add_inputs(operands, form.separator); !added) return added.error();
  if (source.groups_.empty()) {
    auto lines = lines_of({"-"}, form.separator);
    if (!lines) return lines.error();
    source.add(std::move(*lines), false);
  }
  for (Group& group : std::span{source.groups_}.subspan(1))
    if (auto loaded = source.load(group); !loaded) return loaded.error();
  return source;
}

Result<void> ItemSource::add_inputs(std::vector<std::string>& operands, char separator) {
  auto marker = std::ranges::find_if(operands, is_marker);
  const auto command_end = marker;
  while (marker != operands.end()) {
    const auto next = std::find_if(marker + 1, operands.end(), is_marker);
    std::vector<std::string> words(marker + 1, next);
    const bool is_linked = marker->ends_with('+');
    if (is_linked && groups_.empty())
      return Error{Errc::invalid_argument, *marker + " links an input to the one before it, and there is none"};
    if (marker->starts_with("::::")) {
      if (words.empty()) return Error{Errc::invalid_argument, *marker + " is followed by the names of files"};
      auto lines = lines_of(std::move(words), separator);
      if (!lines) return lines.error();
      add(std::move(*lines), is_linked);
    } else {
      add(std::make_unique<WordInput>(std::move(words)), is_linked);
    }
    marker = next;
  }
  operands.erase(command_end, operands.end());
  return {};
}

void ItemSource::add(std::unique_ptr<Input> input, bool is_linked) {
  if (!is_linked) groups_.emplace_back();
  groups_.back().inputs.push_back(std::move(input));
}

Result<std::optional<ItemSource::Columns>> ItemSource::read(Group& group) const {
  Columns columns;
  for (const auto& input : group.inputs) {
    auto item = input->next();
    if (!item) return item.error();
    if (!*item) return std::optional<Columns>{};
    if (columns_)
      columns_->split(**item, columns);
    else
      columns.push_back(std::move(**item));
  }
  return std::optional{std::move(columns)};
}

Result<void> ItemSource::load(Group& group) {
  if (std::exchange(group.loaded, true)) return {};
  for (;;) {
    auto columns = read(group);
    if (!columns) return columns.error();
    if (!*columns) return {};
    group.all.push_back(std::move(**columns));
  }
}

Result<void> ItemSource::load() { return load(groups_.front()); }

std::optional<std::size_t> ItemSource::count() const {
  std::size_t all = 1;
  for (const Group& group : groups_) {
    std::optional<std::size_t> shortest;
    if (group.loaded) shortest = group.all.size();
    for (const auto& input : group.inputs) {
      const std::optional<std::size_t> count = input->count();
      if (!count && !group.loaded) return std::nullopt;
      if (!group.loaded) shortest = std::min(shortest.value_or(*count), *count);
    }
    all *= shortest.value_or(0);
  }
  return all;
}

Result<std::optional<ItemSource::Columns>> ItemSource::next_of_first() {
  Group& first = groups_.front();
  if (!first.loaded) return read(first);
  if (first.at == first.all.size()) return std::optional<Columns>{};
  return std::optional{std::move(first.all[first.at++])};
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
  if (groups_.size() == 1) return next_of_first();
  const bool is_empty = std::ranges::any_of(std::span{groups_}.subspan(1), [](const Group& group) { return group.all.empty(); });
  if (is_empty) return std::optional<Columns>{};
  if (!first_ || !turn()) {
    auto first = next_of_first();
    if (!first) return first.error();
    first_ = std::move(*first);
    if (!first_) return std::optional<Columns>{};
  }
  Columns columns = *first_;
  for (const Group& group : std::span{groups_}.subspan(1))
    columns.insert(columns.end(), group.all[group.at].begin(), group.all[group.at].end());
  return std::optional{std::move(columns)};
}

// Of several inputs the others turn for a while after each item of the first: to ask it all the same costs at most a smaller chunk.
bool ItemSource::would_wait() {
  Group& first = groups_.front();
  return !first.loaded && std::ranges::any_of(first.inputs, [](const auto& input) { return input->would_wait(); });
}

}  // namespace jobpool::cli
