// See open_metrics.hpp.
#include "tests/support/open_metrics.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <vector>

namespace jobpool::testing {
namespace {

bool is_metric_name(std::string_view name) {
  const auto fits = [](char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (!first && c >= '0' && c <= '9');
  };
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (!fits(name[i], i == 0)) return false;
  return true;
}

std::optional<double> read_metric_number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

// What a histogram has shown of one set of labels.
struct SeenBuckets {
  double last_bound = -std::numeric_limits<double>::infinity(), last_count = 0;
  std::optional<double> infinite, count, sum;
};

class OpenMetricsReader {
 public:
  OpenMetrics read(std::string_view text) {
    if (!text.ends_with("# EOF\n")) return {"the end: no '# EOF' line", {}};
    text.remove_suffix(std::string_view{"# EOF\n"}.size());
    std::size_t number = 0;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      ++number;
      const std::string_view line = text.substr(0, end);
      const std::string fault = end == text.npos         ? "no line feed"
                                : line.starts_with("# ") ? take_metadata(line.substr(2))
                                                         : take_sample(line);
      if (!fault.empty()) return {"line " + std::to_string(number) + ", '" + std::string(line) + "': " + fault, {}};
      text.remove_prefix(end + 1);
    }
    const std::string fault = end_family();
    return {fault, std::move(samples_)};
  }

 private:
  std::string take_metadata(std::string_view rest) {
    const std::size_t first = rest.find(' '), second = rest.find(' ', first + 1);
    if (first == rest.npos || second == rest.npos) return "metadata is a keyword, a name and a text";
    const std::string keyword(rest.substr(0, first)), name(rest.substr(first + 1, second - first - 1));
    const std::string_view text = rest.substr(second + 1);
    if (!is_metric_name(name)) return "no name of a metric";
    if (keyword == "TYPE") {
      if (text != "gauge" && text != "counter" && text != "histogram") return "not a type that both formats know";
      if (const std::string fault = end_family(); !fault.empty()) return fault;
      if (!families_.insert(name).second) return "this family was there before";
      if (name.ends_with("_total")) return "a family's name does not end in _total";
      name_ = name;
      type_ = text;
      told_ = {"TYPE"};
      has_samples_ = false;
      return {};
    }
    if (keyword != "HELP" && keyword != "UNIT") return "no such keyword";
    if (name != name_) return "metadata of another family";
    if (has_samples_) return "metadata behind samples";
    if (!told_.insert(keyword).second) return "said twice";
    if (keyword == "UNIT" && !name.ends_with("_" + std::string(text))) return "the name does not end in the unit";
    return {};
  }

  std::string take_sample(std::string_view line) {
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == line.npos) return "a sample is a name and a value";
    const std::string_view name = line.substr(0, name_end);
    if (!is_metric_name(name)) return "no name of a metric";
    if (!name.starts_with(name_)) return "a sample of another family";
    const std::string_view suffix = name.substr(name_.size());
    std::map<std::string, std::string> labels;
    std::size_t at = name_end;
    if (line[at] == '{')
      if (const std::string fault = take_labels(line, at, labels); !fault.empty()) return fault;
    if (at >= line.size() || line[at] != ' ') return "a space comes before the value";
    const auto value = read_metric_number(line.substr(at + 1));
    if (!value) return "the value is no number";
    if (!samples_.emplace(std::string(line.substr(0, at)), *value).second) return "this sample was there before";
    has_samples_ = true;
    if (type_ == "gauge") return suffix.empty() ? "" : "a gauge's sample has its family's name";
    if (type_ == "counter") return suffix != "_total" ? "a counter ends in _total" : *value < 0 ? "a counter is not negative" : "";
    return take_histogram(suffix, std::move(labels), *value);
  }

  static std::string take_labels(std::string_view line, std::size_t& at, std::map<std::string, std::string>& labels) {
    do {
      ++at;  // the brace or the comma
      const std::size_t equals = line.find("=\"", at);
      if (equals == line.npos) return "a label is NAME=\"VALUE\"";
      const std::string name(line.substr(at, equals - at));
      if (!is_metric_name(name) || name.find(':') != name.npos || name.starts_with("__")) return "no name of a label";
      std::string value;
      for (at = equals + 2;; ++at) {
        if (at >= line.size()) return "a label's value does not end";
        if (line[at] == '"') break;
        if (line[at] != '\\') {
          value += line[at];
          continue;
        }
        if (++at >= line.size() || (line[at] != '\\' && line[at] != '"' && line[at] != 'n')) return "no such escape";
        value += line[at] == 'n' ? '\n' : line[at];
      }
      if (!labels.emplace(name, value).second) return "a label twice";
      ++at;
    } while (at < line.size() && line[at] == ',');
    if (at >= line.size() || line[at] != '}') return "labels end with a brace";
    ++at;
    return {};
  }

  std::string take_histogram(std::string_view suffix, std::map<std::string, std::string> labels, double value) {
    std::string bound_text;
    if (const auto le = labels.extract("le"); !le.empty()) bound_text = le.mapped();
    if ((suffix == "_bucket") == bound_text.empty()) return "buckets, and they alone, have le";
    SeenBuckets& seen = buckets_[labels];
    if (suffix == "_count" || suffix == "_sum") {
      (suffix == "_count" ? seen.count : seen.sum) = value;
      return value < 0 ? "it is not negative" : "";
    }
    if (suffix != "_bucket") return "a histogram has _bucket, _count and _sum";
    const auto bound = read_metric_number(bound_text);
    if (!bound) return "le is no number";
    if (*bound <= seen.last_bound) return "bounds ascend";
    if (value < seen.last_count) return "buckets never fall";
    seen.last_bound = *bound;
    seen.last_count = value;
    if (bound_text == "+Inf") seen.infinite = value;
    return {};
  }

  std::string end_family() {
    for (const auto& [labels, seen] : buckets_)
      if (!seen.infinite || !seen.count || !seen.sum || *seen.infinite != *seen.count)
        return "histogram " + name_ + ": its last bucket is +Inf and is its count, and it has a sum";
    buckets_.clear();
    return {};
  }

  std::set<std::string> families_, told_;
  std::string name_, type_;
  bool has_samples_ = false;
  std::map<std::map<std::string, std::string>, SeenBuckets> buckets_;
  std::map<std::string, double> samples_;
};

}  // namespace

OpenMetrics read_open_metrics(std::string_view text) { return OpenMetricsReader().read(text); }

}  // namespace jobpool::testing
