// See held_output.hpp.
#include "client/cli/held_output.hpp"

#include <utility>

#include "client/cli/tell.hpp"

namespace jobpool::cli {

Result<HeldOutput> OutputHolder::hold(JobId id, proto::Output& output, OutputStream stream) {
  HeldOutput held;
  held.size = output.bytes.size();
  std::string bytes = std::exchange(output.bytes, {});
  if (output.truncated) {
    Result<JobOutput> opened = open_job_output(connections_, id, stream);
    if (!opened) return opened.error();
    auto kept = keep(held, std::move(opened->file));
    if (!kept) return kept.error();
    return held;
  }
  if (bytes_.fetch_add(bytes.size()) + bytes.size() <= kMostInMemory || bytes.empty()) {
    held.bytes = std::move(bytes);
    return held;
  }
  bytes_ -= bytes.size();
  const Result<OutputSpool::Range> range = spool_.add(bytes);
  if (!range) return range.error();
  held.spooled = *range;
  return held;
}

Result<void> OutputHolder::keep(HeldOutput& held, UniqueFd file) {
  if (files_.fetch_add(1) < kMostFiles) {
    held.file = std::move(file);
    return {};
  }
  --files_;
  const Result<OutputSpool::Range> range = spool_.copy(file.get());
  if (!range) return range.error();
  held.spooled = *range;
  return {};
}

void OutputHolder::release(HeldOutput& held) {
  if (held.spooled) spool_.release(*std::exchange(held.spooled, std::nullopt));
  if (held.file) --files_;
  held.file.reset();
  bytes_ -= held.bytes.size();
  held.bytes.clear();
}

Result<void> OutputHolder::write(HeldOutput& held, int to) {
  off_t offset = 0;
  const auto written = held.spooled ? spool_.write(*held.spooled, to)
                       : held.file  ? copy_output(held.file.get(), offset, to)
                                    : write_all(to, held.bytes);
  release(held);
  return written;
}

Result<std::string> OutputHolder::read(HeldOutput& held) {
  std::string text = held.bytes;
  const auto done = held.spooled ? spool_.append_to(text, *held.spooled) : held.file ? read_output(held.file.get(), text) : Result<void>{};
  release(held);
  if (!done) return done.error();
  return text;
}

}  // namespace jobpool::cli
