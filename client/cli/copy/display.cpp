// See display.hpp.
#include "client/cli/copy/display.hpp"

#include <unistd.h>

#include <array>

#include "client/cli/tell.hpp"
#include "proto/json_writer.hpp"

namespace jobpool::cli {
namespace {

constexpr std::array<std::string_view, 6> kKindNames{"file", "folder", "symlink", "fifo", "socket", "device"};

std::string_view end_name(const Finished& finished) { return finished.passed_over ? "passedOver" : proto::to_string(finished.end.end); }

std::string summary_json(const CopySummary& summary) {
  std::string out = "{\"summary\":";
  proto::ObjectWriter object(out);
  object.integer("copied", static_cast<std::int64_t>(summary.copied.files));
  object.integer("bytes", static_cast<std::int64_t>(summary.copied.bytes));
  object.integer("skipped", static_cast<std::int64_t>(summary.skipped.files));
  object.integer("failed", static_cast<std::int64_t>(summary.failed));
  object.integer("durationUSec", static_cast<std::int64_t>(summary.seconds * 1e6));
  object.close();
  return out + "}\n";
}

}  // namespace

std::string finished_json(const Finished& finished) {
  std::string out;
  proto::ObjectWriter object(out);
  object.bytes("name", finished.path);
  object.text("kind", kKindNames.at(static_cast<std::size_t>(finished.kind)));
  object.text("end", end_name(finished));
  const bool has_bytes = finished.kind == EntryKind::file && finished.linked_to.empty() && !finished.passed_over && is_well(finished);
  if (has_bytes) object.integer("bytes", finished.end.bytes);
  object.bytes_if("linkedTo", finished.linked_to);
  object.flag_if("attributesLost", finished.end.attributes_lost);
  object.text_if("reason", finished.end.reason);
  object.close();
  return out + "\n";
}

CopyDisplay::CopyDisplay(const CopyPlaces& places, NamesShown names, Language language)
    : places_(places), names_(names), language_(language), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

std::string CopyDisplay::shown_path(const Finished& finished) const {
  if (places_.is_single() || finished.path.empty()) return printable(places_.shown_source);
  return printable(joined(places_.shown_source, finished.path));
}

void CopyDisplay::count(const Finished& finished) {
  if (finished.end.attributes_lost) ++attributes_lost_;
  if (!is_well(finished)) {
    ++summary_.failed;
    failed_.insert(finished.path);
  }
  if (finished.kind == EntryKind::folder) return;
  ++files_done_;
  if (!is_well(finished) || finished.passed_over) return;
  CopyAmount& amount = finished.end.end == proto::CopyEnd::skipped ? summary_.skipped : summary_.copied;
  ++amount.files;
  amount.bytes += static_cast<std::uint64_t>(finished.end.bytes);
}

Result<void> CopyDisplay::write_name(const Finished& finished) {
  if (names_ == NamesShown::none || (names_ == NamesShown::verbose && (!is_well(finished) || finished.passed_over))) return {};
  clear_line();
  return write_all(STDOUT_FILENO, names_ == NamesShown::json ? finished_json(finished) : printable(finished.path) + "\n");
}

Result<void> CopyDisplay::show(const Finished& finished) {
  count(finished);
  if (!is_well(finished) || finished.passed_over) tell_apart(shown_path(finished) + ": " + printable(finished.end.reason));
  return write_name(finished);
}

void CopyDisplay::clear_line() {
  if (line_is_shown_) (void)write_all(STDERR_FILENO, "\r\x1b[K");
  line_is_shown_ = false;
}

void CopyDisplay::show_progress(const CopyProgress& progress) {
  if (!on_terminal_) return;
  (void)write_all(STDERR_FILENO, "\r" + progress_text(progress, language_) + "\x1b[K");
  line_is_shown_ = true;
}

void CopyDisplay::tell_apart(const std::string& text) {
  clear_line();
  tell(text);
}

Result<void> CopyDisplay::show_complete(const CopyProgress& progress) {
  summary_.seconds = progress.seconds;
  show_progress(progress);  // stays
  if (line_is_shown_) (void)write_all(STDERR_FILENO, "\n");
  line_is_shown_ = false;
  if (attributes_lost_ > 0)
    tell("the extended attributes of " + std::to_string(attributes_lost_) +
         " names could not be kept: the target's file system has no such");
  if (names_ == NamesShown::json) return write_all(STDOUT_FILENO, summary_json(summary_));
  const std::string text = is_all_well() ? complete_text(summary_, language_) : ended_text(summary_, language_);
  (void)write_all(STDERR_FILENO, text + "\n");  // as tell() does: all is copied, whoever is told
  return {};
}

void CopyDisplay::tell_interrupted(const CopyProgress& progress) { tell_apart(interrupted_text(progress, language_)); }

}  // namespace jobpool::cli
