// What a copy says of itself, in both languages: how far it is, and how it ended. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "client/cli/copy/language.hpp"

namespace jobpool::cli {

struct CopyAmount {
  std::uint64_t files = 0, bytes = 0;
};

struct CopyProgress {
  CopyAmount found, done;  // done: copied or not, there is nothing left to do about them
  bool all_found = false;  // else the whole is not known yet
  double seconds = 0;
};

// A file's own cost, in bytes: a percentage by bytes alone would stand still over many empty files.
inline constexpr std::uint64_t kBytesOfFile = 16 * 1024;

// 0 to 100; 100 only when nothing is left.
double percent_done(const CopyProgress& progress);
// "117.3 MiB"; "512 B".
std::string bytes_text(std::uint64_t bytes);
// "0:07", "1:02:03".
std::string clock_text(double seconds);

// One line without its end, less than 80 columns wide.
std::string progress_text(const CopyProgress& progress, Language language);

struct CopySummary {
  CopyAmount copied, skipped;
  std::uint64_t failed = 0;  // named before
  double seconds = 0;
};
std::string complete_text(const CopySummary& summary, Language language);  // all is copied
std::string ended_text(const CopySummary& summary, Language language);     // not all is
std::string interrupted_text(const CopyProgress& progress, Language language);
std::string prompt_text(Language language);

}  // namespace jobpool::cli
