// Words are parsed once, and filled for each item.
#include "client/cli/replacement.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace jobpool::cli {
namespace {

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view without_extension(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t name = path.rfind('/') + 1;
  return dot == std::string_view::npos || dot <= name ? path : path.substr(0, dot);  // ".profile" has none
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string{slash == 0 ? "/" : path.substr(0, slash)};
}

}  // namespace

Template::Template(const std::vector<std::string>& words) {
  for (const std::string& word : words) words_.push_back(parse(word));
  const auto is_of_item = [](const Place& place) { return place.form != Form::number && place.form != Form::slot; };
  has_place_for_item_ = std::ranges::any_of(words_, [&](const Word& word) { return std::ranges::any_of(word.places, is_of_item); });
}

Template::Word Template::parse(std::string_view text) {
  Word word;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    Place place{word.rest + std::string{text.substr(0, open)}, Form::whole};
    if (parse_place(text.substr(open + 1, close - open - 1), place)) {
      word.places.push_back(std::move(place));
      word.rest.clear();
      text.remove_prefix(close + 1);
    } else {  // the next brace may begin one: "{{}"
      word.rest += text.substr(0, open + 1);
      text.remove_prefix(open + 1);
    }
  }
  word.rest += text;
  return word;
}

bool Template::parse_place(std::string_view inside, Place& place) {
  constexpr std::array<std::pair<std::string_view, Form>, 5> kForms{
      {{"", Form::whole}, {".", Form::no_extension}, {"/", Form::base_name}, {"//", Form::folder}, {"/.", Form::bare_name}}};
  if (inside == "#" || inside == "%") {
    place.form = inside == "#" ? Form::number : Form::slot;
    return true;
  }
  const auto [behind, error] = std::from_chars(inside.data(), inside.data() + inside.size(), place.column);
  if (behind != inside.data() && (error != std::errc{} || place.column == 0)) return false;
  inside.remove_prefix(static_cast<std::size_t>(behind - inside.data()));
  const auto found = std::ranges::find(kForms, inside, [](const auto& form) { return form.first; });
  if (found == kForms.end()) return false;
  place.form = found->second;
  return true;
}

std::string Template::formed(std::string_view text, Form form) {
  switch (form) {
    case Form::no_extension:
      return std::string{without_extension(text)};
    case Form::base_name:
      return std::string{base_name(text)};
    case Form::folder:
      return folder_of(text);
    case Form::bare_name:
      return std::string{without_extension(base_name(text))};
    default:
      return std::string{text};
  }
}

std::string Template::value_of(const Place& place, const Item& item) {
  if (place.form == Form::number) return std::to_string(item.number);
  if (place.form == Form::slot) return item.slot == 0 ? "{%}" : std::to_string(item.slot);
  if (place.column > 0) return place.column > item.columns.size() ? std::string{} : formed(item.columns[place.column - 1], place.form);
  std::string all;
  for (const std::string& column : item.columns) all += (all.empty() ? "" : " ") + formed(column, place.form);
  return all;
}

// It is the place of the whole item, and nothing else.
bool Template::Word::is_for_each() const {
  if (places.size() != 1 || !rest.empty()) return false;
  const Place& place = places.front();
  return place.before.empty() && place.column == 0 && place.form != Form::number && place.form != Form::slot;
}

void Template::fill_for_each(Form form, const Item& item, std::vector<std::string>& filled) {
  std::size_t begin = 0;
  for (const std::size_t end : item.ends) {
    std::string all;
    for (; begin < end; ++begin) all += (all.empty() ? "" : " ") + formed(item.columns[begin], form);
    filled.push_back(std::move(all));
  }
}

std::vector<std::string> Template::fill(const Item& item) const {
  std::vector<std::string> filled;
  for (const Word& word : words_) {
    if (!item.ends.empty() && word.is_for_each()) {
      fill_for_each(word.places.front().form, item, filled);
      continue;
    }
    std::string text;
    for (const Place& place : word.places) text += place.before + value_of(place, item);
    filled.push_back(text + word.rest);
  }
  if (!has_place_for_item_) filled.insert(filled.end(), item.columns.begin(), item.columns.end());
  return filled;
}

}  // namespace jobpool::cli
