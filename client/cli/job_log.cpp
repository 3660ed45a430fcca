// See job_log.hpp.
#include "client/cli/job_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "client/cli/quoted_line.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr std::string_view kHeader = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";
constexpr std::size_t kColumns = 9, kExitval = 6, kSignal = 7;

struct LogLine {
  std::size_t number = 0;
  bool succeeded = false;
  std::string_view command;
};

std::optional<LogLine> parse(std::string_view line) {
  std::array<std::string_view, kColumns> columns;
  for (std::size_t i = 0; i + 1 < kColumns; ++i) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return std::nullopt;
    columns[i] = line.substr(0, tab);
    line.remove_prefix(tab + 1);
  }
  LogLine parsed{0, columns[kExitval] == "0" && columns[kSignal] == "0", line};
  const std::string_view number = columns[0];
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), parsed.number);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  return parsed;
}

std::string without_quotes(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) line.append(line.empty() ? "" : " ").append(word);
  return line;
}

Result<std::string> read_whole(int file, const std::string& path) {
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t size = ::read(file, piece.data(), piece.size());
    if (size < 0) return errno_error("read " + path);
    if (size == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Result<JobLog> JobLog::open(const std::string& path, Resume resume) {
  const int how = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (resume == Resume::nothing ? O_TRUNC : 0);
  UniqueFd file{::open(path.c_str(), how, 0666)};
  if (!file) return errno_error("--joblog " + path);
  JobLog log(std::move(file), path);
  if (auto read = log.read(resume); !read) return read.error();
  return log;
}

Result<void> JobLog::read(Resume resume) {
  Result<std::string> text = read_whole(file_.get(), path_);
  if (!text) return text.error();
  const std::string header = std::string{kHeader} + "\n";
  if (!text->starts_with(header) && !header.starts_with(*text)) return no_job_log(*text);
  const std::size_t whole = text->rfind('\n') + 1;  // npos + 1: nothing is whole
  if (auto read = read_lines(std::string_view{*text}.substr(0, whole), resume); !read) return read;
  // Only now: another's file is not touched.
  if (whole < text->size() && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0) return errno_error("cut " + path_);
  return whole == 0 ? write_all(file_.get(), header) : Result<void>{};
}

Error JobLog::no_job_log(std::string_view line) const {
  line = line.substr(0, std::min<std::size_t>(line.find('\n'), 60));
  return Error{Errc::protocol, path_ + ": no job log: '" + printable(line) + "'; name another file, or remove this one"};
}

Result<void> JobLog::read_lines(std::string_view rest, Resume resume) {
  for (bool is_first = true; !rest.empty(); is_first = false) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (is_first && line == kHeader) continue;
    const std::optional<LogLine> parsed = is_first ? std::nullopt : parse(line);
    if (!parsed) return no_job_log(line);
    if (resume == Resume::all || parsed->succeeded) known_.insert_or_assign(parsed->number, std::string{parsed->command});
  }
  return {};
}

Result<bool> JobLog::has(std::size_t number, std::span<const std::string> command) const {
  const auto found = known_.find(number);
  if (found == known_.end()) return false;
  const std::string& logged = found->second;
  const std::string line = printable(quoted_line(command));
  if (logged == line) return true;
  // A line that could have quotes and has none that it would need is an earlier version's.
  if (!may_be_quoted_line(logged) && logged == printable(without_quotes(command))) return true;
  return Error{Errc::invalid_argument, path_ + ": item " + std::to_string(number) + " was '" + logged + "' there and is '" + line +
                                           "' now: it is the log of another map"};
}

void JobLog::add(const MapEnd& end, std::span<const std::string> command) {
  const auto in_seconds = [](std::int64_t usec) { return static_cast<double>(usec) / 1e6; };
  std::array<char, 160> numbers;
  const int size =
      std::snprintf(numbers.data(), numbers.size(), "%zu\t:\t%.3f\t%10.3f\t0\t%zu\t%d\t%d\t", end.item.number, in_seconds(end.started_usec),
                    in_seconds(end.ended_usec - end.started_usec), end.received, end.exit_code, end.signal);
  lines_.append(numbers.data(), static_cast<std::size_t>(size)).append(printable(quoted_line(command))) += '\n';
}

Result<void> JobLog::write() { return lines_.empty() ? Result<void>{} : write_all(file_.get(), std::exchange(lines_, {})); }

}  // namespace jobpool::cli
