// The rules themselves. A new folder gets a Room here; a file in no room is a finding, so that none is forgotten.
#include "tests/unit/house/rules.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "common/log.hpp"

namespace jobpool::house {
namespace {

constexpr std::size_t kMaxLines = 350;

using Names = std::vector<std::string_view>;

// A folder, what of ours it may include (by the beginning of the path), and which headers and words it may not use at all.
struct Room {
  std::string_view folder;
  Names may_include;
  Names forbidden_headers = {};
  Names forbidden_words = {};
};

const Names kNoServer = {"asio", "sqlite3"};
const Names kNoCoroutines = {"co_await", "co_return", "co_yield", "co_spawn"};

// The most particular folder that fits counts.
const std::vector<Room>& rooms() {
  static const std::vector<Room> all = {
      {"common/", {"common/"}, {"asio", "sqlite3", "CLI/"}, kNoCoroutines},
      {"proto/", {"common/", "proto/"}, {"asio", "sqlite3", "spdlog", "CLI/"}, kNoCoroutines},
      {"client/lib/", {"common/", "proto/", "client/lib/", "jobpool/"}, {"asio", "sqlite3", "spdlog", "CLI/", "iostream"}, kNoCoroutines},
      {"client/cli/", {"common/", "proto/", "client/", "jobpool/"}, {"asio", "sqlite3", "spdlog"}, kNoCoroutines},
      {"daemon/supervisor/", {"common/", "proto/", "daemon/supervisor/"}, kNoServer, kNoCoroutines},
      {"daemon/worker/", {"common/", "proto/", "daemon/worker/", "jobpool/"}, kNoServer, kNoCoroutines},
      {"daemon/broker/", {"common/", "proto/", "daemon/broker/"}, {"CLI/", "sqlite3"}, kNoCoroutines},
      {"daemon/broker/server/", {"common/", "proto/", "daemon/broker/"}, {"CLI/", "sqlite3"}, {}},
      {"daemon/broker/store/",
       {"common/", "daemon/broker/core/", "daemon/broker/queues/", "daemon/broker/store/"},
       {"asio", "spdlog", "CLI/"},
       kNoCoroutines},
      // Pure: events in, effects out. Whatever it needs to know of the world is passed in.
      {"daemon/broker/core/",
       {"common/", "daemon/broker/core/"},
       {"asio", "sqlite3", "spdlog", "fstream", "iostream", "unistd.h", "thread", "mutex", "common/log.hpp", "common/shm/segment.hpp",
        "common/shm/offer_side.hpp", "common/shm/claim_side.hpp", "common/socket.hpp", "common/unique_fd.hpp", "common/control/"},
       {"co_await", "co_return", "co_yield", "co_spawn", "Clock::now", "clock::now", "wall_usec(", "time(nullptr)", "std::random_device"}},
      // As the core, which it knows a few words of.
      {"daemon/broker/queues/",
       {"common/", "daemon/broker/core/", "daemon/broker/queues/"},
       {"asio", "sqlite3", "spdlog", "fstream", "iostream", "unistd.h", "thread", "mutex", "common/log.hpp", "common/shm/segment.hpp",
        "common/shm/offer_side.hpp", "common/shm/claim_side.hpp", "common/socket.hpp", "common/unique_fd.hpp", "common/control/"},
       {"co_await", "co_return", "co_yield", "co_spawn", "Clock::now", "clock::now", "wall_usec(", "time(nullptr)", "std::random_device"}},
      {"tests/",
       {"common/", "proto/", "client/", "daemon/", "tests/", "jobpool/"},
       {},
       {"sleep_for", "sleep_until", "usleep", "nanosleep"}},
  };
  return all;
}

// Words that no file may hold; written in halves, since this file is read too.
const std::vector<std::string>& unfinished_words() {
  static const std::vector<std::string> words = {std::string("TO") + "DO", std::string("FIX") + "ME"};
  return words;
}

bool starts_with_one_of(std::string_view text, const Names& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) { return text.starts_with(beginning); });
}

const Room* room_of(std::string_view path) {
  const Room* best = nullptr;
  for (const Room& room : rooms()) {
    if (path.starts_with(room.folder) && (best == nullptr || room.folder.size() > best->folder.size())) best = &room;
  }
  return best;
}

struct Include {
  std::string_view name;
  bool quoted;
};

std::optional<Include> include_of(std::string_view line) {
  const std::size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string_view::npos || line[hash] != '#') return std::nullopt;
  const std::size_t word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string_view::npos || !line.substr(word).starts_with("include")) return std::nullopt;
  const std::size_t begin = line.find_first_of("\"<", word);
  if (begin == std::string_view::npos) return std::nullopt;
  const bool quoted = line[begin] == '"';
  const std::size_t end = line.find(quoted ? '"' : '>', begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{line.substr(begin + 1, end - begin - 1), quoted};
}

bool is_ours(std::string_view name) { return starts_with_one_of(name, {"common/", "proto/", "client/", "daemon/", "tests/", "jobpool/"}); }

std::string check_include(const Room& room, const Include& include) {
  const std::string shown = "includes " + std::string(include.name);
  if (starts_with_one_of(include.name, room.forbidden_headers)) return shown + ", which " + std::string(room.folder) + " may not use";
  if (is_ours(include.name)) {
    if (starts_with_one_of(include.name, room.may_include)) return {};
    return shown + ", which " + std::string(room.folder) + " may not depend on";
  }
  if (include.quoted) return shown + " in quotes: name our own files from the repository's root, others in angle brackets";
  return {};
}

// Comments may name what the code may not use.
std::string_view without_comment(std::string_view line) { return line.substr(0, line.find("//")); }

void check_line(const Source& source, const Room& room, std::size_t index, std::vector<std::string>& found) {
  const std::string& line = source.lines[index];
  const auto report = [&](const std::string& what) { found.push_back(source.path + ":" + std::to_string(index + 1) + ": " + what); };
  if (const auto include = include_of(line)) {
    if (const std::string wrong = check_include(room, *include); !wrong.empty()) report(wrong);
  }
  // The rules' own table and test name the forbidden words.
  const bool is_rule_book = source.path.starts_with("tests/unit/house/");
  for (std::string_view word : room.forbidden_words) {
    if (!is_rule_book && without_comment(line).find(word) != std::string_view::npos) {
      report("uses " + std::string(word) + ", which " + std::string(room.folder) + " may not");
    }
  }
  // ctest hands the name to the program, and Catch2 3 takes such a one for an option.
  if (line.starts_with("TEST_CASE(\"-")) report("gives a test a name that begins with a dash");
  // ctest takes it for the end of the name, and the program runs no test at all, which is no failure to either.
  if (line.starts_with("TEST_CASE(") && line.find(';') < line.find(") {")) report("gives a test a name with a semicolon");
  for (const std::string& word : unfinished_words()) {
    if (line.find(word) != std::string::npos) report("says " + word + ": finish it, or write an issue");
  }
}

}  // namespace

std::vector<std::string> findings(const Source& source) {
  std::vector<std::string> found;
  const Room* room = room_of(source.path);
  if (room == nullptr) return {source.path + ":1: is in no folder that the house rules know"};
  if (source.lines.size() > kMaxLines) {
    found.push_back(source.path + ":" + std::to_string(kMaxLines + 1) + ": has " + std::to_string(source.lines.size()) + " lines; above " +
                    std::to_string(kMaxLines) + " a file is to be split by responsibility");
  }
  if (source.lines.empty() || !(source.lines[0].starts_with("//") || source.lines[0].starts_with("/*"))) {
    found.push_back(source.path + ":1: does not begin with a comment that says its one responsibility");
  }
  const bool is_header = source.path.ends_with(".hpp");
  if (is_header && std::find(source.lines.begin(), source.lines.end(), "#pragma once") == source.lines.end()) {
    found.push_back(source.path + ":1: has no #pragma once");
  }
  for (std::size_t index = 0; index < source.lines.size(); ++index) check_line(source, *room, index, found);
  return found;
}

std::vector<Source> read_sources(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<Source> sources;
  for (const char* folder : {"common", "proto", "client", "daemon", "tests"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path(root) / folder)) {
      const std::string kind = entry.path().extension();
      if (!entry.is_regular_file() || (kind != ".cpp" && kind != ".hpp" && kind != ".h" && kind != ".c")) continue;
      Source source{fs::relative(entry.path(), root).generic_string(), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) source.lines.push_back(line);
      sources.push_back(std::move(source));
    }
  }
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

}  // namespace jobpool::house
